import { builder } from '../builder.ts';
import { customerStates } from './rules.ts';
import type { Customer } from './store.ts';

// Types that name each other are declared before either is implemented.
export const CustomerRef = builder.objectRef<Customer>('Customer');
export const AddressRef = builder.objectRef<Customer>('PostalAddress');
export const CustomerStateEnum = builder.enumType('CustomerState', { values: customerStates });
