import { z } from 'zod';

// Each workflow loads its modules anew and checks one input: compiled checks would cost more than they save.
z.config({ jitless: true });

export { createCluster } from './createCluster.ts';
export { deleteCluster } from './deleteCluster.ts';
