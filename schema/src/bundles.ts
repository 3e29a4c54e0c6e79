/** The premium bundles that a tenant may have beside the base product. */
export const bundles = [
  'RESELLER_PLATFORM',
  'ADVANCED_CRM',
  'PROJECT_MANAGEMENT',
  'FIELD_OPERATIONS',
  'AI_CHATBOT',
  'ADVANCED_ANALYTICS',
] as const;
export type Bundle = (typeof bundles)[number];

export function isBundle(text: string): text is Bundle {
  return (bundles as readonly string[]).includes(text);
}
