import type { World } from '../../../arm/world.ts';
import type { KubernetesNode } from '../nodes.ts';
import type { ClusterBody } from '../shapes.ts';

/** Where a command runs: in a pod of the cluster. */
export interface CommandContext {
  readonly world: World;
  readonly cluster: ClusterBody;
  /** The node of the pod. */
  readonly host: KubernetesNode;
}

export interface Output {
  readonly exitCode: number;
  readonly output: string;
  /** Simulated seconds that the command takes. */
  readonly seconds: number;
}

export const printed = (output: string, exitCode = 0, seconds = 0): Output => ({ exitCode, output, seconds });
