import { builder } from '../builder.ts';
import { type Partner, partnerKinds, partnerStates } from './store.ts';

export const PartnerRef = builder.objectRef<Partner>('Partner');
export const PartnerKindEnum = builder.enumType('PartnerKind', { values: partnerKinds });
export const PartnerStateEnum = builder.enumType('PartnerState', { values: partnerStates });
