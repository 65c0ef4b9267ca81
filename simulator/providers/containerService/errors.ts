import { ArmError } from '../../arm/errors.ts';
import type { ArmRequest } from '../../arm/exchange.ts';

/** An error of the AKS resource provider: not wrapped in `error`. */
export function aksError(status: number, code: string, message: string, subcode = '', seconds?: number): ArmError {
  return new ArmError(status, code, message, { bare: true, subcode, ...(seconds !== undefined && { seconds }) });
}

export const invalidParameter = (parameter: string, details: string): ArmError =>
  aksError(400, 'InvalidParameter', `The value of parameter ${parameter} is invalid. Error details: ${details}`);

export const missingParameter = (parameter: string): ArmError =>
  aksError(400, 'InvalidParameter', `Required parameter ${parameter} is missing (null).`);

export const changeNotAllowed = (property: string, why = ''): ArmError =>
  aksError(400, 'PropertyChangeNotAllowed', `Changing property '${property}' is not allowed${why}.`);

export const notIsolated = (message: string): ArmError =>
  aksError(400, 'InvalidNetworkIsolatedClusterConfiguration', message);

export const subnetNotFound = (subnet: string): ArmError =>
  aksError(400, 'SubnetNotFound', `The subnet '${subnet}' could not be found.`);

export const poolNotFound = ({ id }: ArmRequest): ArmError =>
  aksError(404, 'NotFound', `Could not find the agent pool '${id.names[1]}' in cluster '${id.names[0]}'.`);

/** For a property that is fixed at creation; leaving it out changes nothing. @throws ArmError 400 PropertyChangeNotAllowed */
export function refuseChange(before: unknown, sent: unknown, property: string): void {
  if (before === undefined || sent === undefined || sent === null) return;
  if (String(sent).toLowerCase() !== String(before).toLowerCase()) throw changeNotAllowed(property);
}
