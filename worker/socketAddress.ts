import { isIP } from 'node:net';
import { z } from 'zod';
import type { Problem } from '../contract/problem.ts';

/** IP address and port where something of a worker listens, such as `0.0.0.0:8080` or `[::]:8080`. */
export const socketAddress = z
  .string()
  .refine(
    (address) => splitAddress(address) !== undefined,
    'not an address. Give IP address and port, for example 0.0.0.0:8080 or [::]:8080.',
  );

/** @returns `undefined` for anything else than a {@link socketAddress} */
export function splitAddress(address: string): { host: string; port: number } | undefined {
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6) && port > 0 && port < 65_536;
  return isAddress ? { host, port } : undefined;
}

/** The problem with an address that something else listens on, or that is not of this machine. @param where Its variable. */
export function cannotListen(where: string, address: string | undefined, error: unknown): Problem {
  const problem = `${address} cannot be listened on (${error instanceof Error ? error.message : String(error)})`;
  return { where, problem, whatToDo: 'Give an address of this machine and a port that is free.' };
}
