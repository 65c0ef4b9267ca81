export * from './createCluster.ts';
export * from './names.ts';
export * from './plan.ts';
export * from './problem.ts';
export * from './profiles.ts';
export * from './progress.ts';
export * from './resourceIds.ts';
export * from './result.ts';
