import { z } from 'zod';
import { approvalGates } from './names.ts';

/** Argument of the `approve` update. */
export const approvalRequest = z.strictObject({
  gate: z.enum(approvalGates),
  by: z.string().min(1, 'nobody. Give the name of whoever approves.').max(200, 'too long. Use at most 200 characters.'),
  note: z.string().max(2000, 'too long. Use at most 2000 characters.').exactOptional(),
});

export type ApprovalRequest = z.input<typeof approvalRequest>;

/** Who let a scenario pass a gate, and when. */
export interface Approval extends ApprovalRequest {
  /** ISO 8601, UTC. */
  at: string;
}
