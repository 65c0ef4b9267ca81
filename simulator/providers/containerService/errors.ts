import { ArmError } from '../../arm/errors.ts';

/** An error of the AKS resource provider: not wrapped in `error`. */
export function aksError(status: number, code: string, message: string, subcode = ''): ArmError {
  return new ArmError(status, code, message, { bare: true, subcode });
}
