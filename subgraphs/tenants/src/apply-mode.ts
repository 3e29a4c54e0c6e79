import { applyMode } from '@dotmac/schema';
import { builder } from './builder.ts';

export const ApplyModeEnum = builder.enumType('ApplyMode', applyMode);
