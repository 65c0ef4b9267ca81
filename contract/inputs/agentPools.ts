import { z } from 'zod';
import { nameRules } from '../../resources/names.ts';
import { crossCheck, eachOnce, matching, named } from './checks.ts';

/** Bounds on a cluster. Source: Learn, "Quotas, virtual machine size restrictions, and region availability in AKS". */
export const mostPools = 100;
const mostNodes = { pool: 1000, cluster: 5000 };
/** AKS's own pods need this many in a new pool. Source: AKS docs, concepts-network-ip-address-planning.md. */
const fewestPods = 30;

const count = (least: number) =>
  z
    .int()
    .min(least, `too few. Use ${least} to ${mostNodes.pool}.`)
    .max(mostNodes.pool, `too many. Use ${least} to ${mostNodes.pool}.`);

/** Kubernetes has no bound on labels and taints. All of these take 60 kB, far below the 1.5 MiB that etcd takes of a node. */
const most = { labels: 100, taints: 50 };

/** The value of a label, or its name without the prefix. Source: Kubernetes docs, "Labels and Selectors". */
const label = '[A-Za-z0-9]([-\\w.]{0,61}[A-Za-z0-9])?';
const dnsLabel = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
const prefix = `(?=[^/]{1,253}/)${dnsLabel}(\\.${dnsLabel})*/`;
/** A prefix, a slash and a name. */
const longestKey = 253 + 1 + 63;

/** Labels that only AKS sets. Source: AKS docs, use-labels.md, "Unavailable labels". */
const reservedLabel =
  /^(kubernetes\.azure\.com\/|kubernetes\.io\/|node\.kubernetes\.io\/instance-type$|topology\.kubernetes\.io\/(region|zone)$)/;

const nodeLabels = z
  .record(
    matching(
      new RegExp(`^(${prefix})?${label}$`),
      longestKey,
      'not a label name. Use 1 to 63 letters, digits, hyphens, underscores or dots, beginning and ending with a letter or digit, after a DNS name and a slash if need be.',
    ).refine((name) => !reservedLabel.test(name), 'a label that AKS sets itself. Use a prefix of your own, or none.'),
    matching(
      new RegExp(`^(${label})?$`),
      63,
      'not a label value. Use 63 letters, digits, hyphens, underscores or dots at most, beginning and ending with a letter or digit, or none.',
    ),
  )
  .refine((all) => Object.keys(all).length <= most.labels, `too many labels. Use at most ${most.labels}.`)
  .meta({ maxProperties: most.labels });

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

const nodeTaints = z
  .array(
    matching(
      new RegExp(`^(${prefix})?${label}(=(${label})?)?:(${effects.join('|')})$`),
      // PreferNoSchedule is the longest effect.
      longestKey + 1 + 63 + 1 + 16,
      `not a taint. Use key=value:effect, such as sku=gpu:NoSchedule; effects are ${effects.join(', ')}.`,
    ),
  )
  .max(most.taints, `too many taints. Use at most ${most.taints}.`);

/** AKS refuses others (`SystemPoolHasRestrictedTaint`, Azure/AKS#2578). */
const keepsSystemPodsOff = (taint: string): boolean => !/^CriticalAddonsOnly[=:]|:PreferNoSchedule$/.test(taint);

const poolSize = z.object({
  mode: z.string(),
  count: z.number(),
  enableAutoScaling: z.boolean(),
  minCount: z.number().exactOptional(),
  maxCount: z.number().exactOptional(),
});

/** A node pool, in Azure's own property names (`ManagedClusterAgentPoolProfile`). Windows pools cannot be network isolated. */
const agentPoolProfile = z
  .strictObject({
    name: named('a Linux node pool name', nameRules.agentPool).describe('The name of the pool.'),
    mode: z
      .enum(['System', 'User'])
      .default('System')
      .describe('System pools run the pods of AKS; a cluster needs one.'),
    count: count(0).default(3).describe('Number of nodes; the initial one with autoscaling.'),
    // Azure documents no bound. The longest name in use has 37 characters, Standard_NC128lds_xl_RTXPRO6000BSE_v6.
    vmSize: matching(/^[A-Z][-\w]{1,63}$/, 64, 'not a VM size. Use a name such as Standard_D4ds_v5.')
      .default('Standard_D4ds_v5')
      .describe('The size of the virtual machines.'),
    osSKU: z.enum(['Ubuntu', 'AzureLinux']).exactOptional().describe('The Linux of the nodes. Default: Ubuntu.'),
    // Sources: AKS docs, node-auto-provisioning-aksnodeclass.md, for the least; REST API specification, `ContainerServiceOSDisk`, for the most.
    osDiskSizeGB: z
      .int()
      .min(30, 'too small. Use 30 to 2048 GiB.')
      .max(2048, 'too large. Use 30 to 2048 GiB.')
      .exactOptional()
      .describe('The size of the system disk. Default: that of AKS for the VM size.'),
    osDiskType: z
      .enum(['Managed', 'Ephemeral'])
      .exactOptional()
      .describe('Whether the system disk outlives the virtual machine. Default: that of AKS for the VM size.'),
    // Source: AKS docs, concepts-network-ip-address-planning.md, "Configuring maximum pods per node for your clusters".
    maxPods: z
      .int()
      .min(10, 'too few. Use 10 to 250.')
      .max(250, 'too many. Use 10 to 250.')
      .exactOptional()
      .describe('Pods on a node at most. Default: that of AKS.'),
    availabilityZones: z
      .array(z.enum(['1', '2', '3']))
      .min(1, 'no zone. Give at least one, or leave the key out.')
      .max(3, 'too many zones. A region has 3 at most.')
      .check(eachOnce())
      .exactOptional()
      .describe('The zones over which the nodes are spread. Default: none.'),
    enableAutoScaling: z.boolean().default(false).describe('Whether the number of nodes follows the load.'),
    minCount: count(0).exactOptional().describe('With autoscaling: nodes at least.'),
    maxCount: count(1).exactOptional().describe('With autoscaling: nodes at most.'),
    nodeLabels: nodeLabels.exactOptional().describe('Kubernetes labels of the nodes.'),
    nodeTaints: nodeTaints.exactOptional().describe('Kubernetes taints of the nodes, as key=value:effect.'),
  })
  .check(
    crossCheck(poolSize, ({ mode, count, enableAutoScaling, minCount, maxCount }, report) => {
      if (mode === 'System' && count === 0) report(['count'], 'a system pool without nodes. Use at least 1.');
      if (!enableAutoScaling) {
        if (minCount !== undefined)
          report(['minCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        if (maxCount !== undefined)
          report(['maxCount'], 'given without autoscaling. Remove it, or enable autoscaling.');
        return;
      }
      if (mode === 'System' && minCount === 0) {
        report(['minCount'], 'a system pool that can shrink to no nodes. Use at least 1.');
      }
      if (minCount === undefined) report(['minCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (maxCount === undefined) report(['maxCount'], 'missing. Give it, or set enableAutoScaling to false.');
      if (count < (minCount ?? 0) || count > (maxCount ?? mostNodes.pool)) {
        report(['count'], 'not between minCount and maxCount. Change one of them.');
      }
    }),
    crossCheck(z.object({ count: z.number(), maxPods: z.number().min(10) }), ({ count, maxPods }, report) => {
      if (count === 0 || count * maxPods >= fewestPods) return;
      report(
        ['maxPods'],
        `room for ${count * maxPods} pods in all is too little. A new pool needs room for ${fewestPods}: raise maxPods or count.`,
      );
    }),
    crossCheck(z.object({ mode: z.literal('System'), nodeTaints: z.array(z.string()) }), (pool, report) => {
      for (const [index, taint] of pool.nodeTaints.entries()) {
        if (!keepsSystemPodsOff(taint)) continue;
        report(
          ['nodeTaints', index],
          'keeps the pods of AKS off a system pool. Use CriticalAddonsOnly=true:NoSchedule, the effect PreferNoSchedule, or mode User.',
        );
      }
    }),
  );

export const agentPoolProfiles = z
  .array(agentPoolProfile)
  .min(1, 'no node pool. Give at least one pool with mode System.')
  .max(mostPools, `too many node pools. Use at most ${mostPools}.`)
  .check(
    crossCheck(z.array(z.object({ name: z.string(), mode: z.string() })).min(1), (pools, report) => {
      if (pools.every(({ mode }) => mode === 'User')) report([], 'no system pool. Set mode System on at least one.');
      const seen = new Set<string>();
      for (const [index, { name }] of pools.entries()) {
        if (seen.has(name)) report([index, 'name'], 'a pool of this name is already in the list. Rename it.');
        seen.add(name);
      }
    }),
    crossCheck(z.array(z.object({ count: z.number() })), (pools, report) => {
      const nodes = pools.reduce((sum, pool) => sum + pool.count, 0);
      if (nodes > mostNodes.cluster) {
        report([], `${nodes} nodes are too many. Use at most ${mostNodes.cluster} in all pools.`);
      }
    }),
  );
