/** Tenant zero's slug: the operator's own business runs on the same software. */
export const operatorSlug = 'operator';
/** The operator's sign-in; its password is the secret `platform/operator-password`. */
export const operatorEmail = 'operator@dotmac.localhost';
