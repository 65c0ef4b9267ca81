import { z } from 'zod';

// Each workflow loads its modules anew and checks one input: compiled checks would cost more than they save.
z.config({ jitless: true });

export { auditCluster } from './auditCluster.ts';
export { changeRegistry } from './changeRegistry.ts';
export { createCluster } from './createCluster.ts';
export { deleteCluster } from './deleteCluster.ts';
export { disableIsolation } from './disableIsolation.ts';
export { isolateCluster } from './isolateCluster.ts';
export { reimageNodePools } from './reimageNodePools.ts';
