import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Body, isBody } from '../../arm/json.ts';
import { change, type KubernetesNode, nodesOf, pullFailure, scaleSetInstances } from './nodes.ts';
import { type Inside, type Output, said } from './shell.ts';
import {
  allowanceOf,
  budgetsOf,
  type Deployment,
  deploymentsOf,
  removeWorkload,
  saveBudget,
  saveDeployment,
} from './workloads.ts';

const options = {
  namespace: { type: 'string', short: 'n' },
  'all-namespaces': { type: 'boolean', short: 'A' },
  output: { type: 'string', short: 'o' },
  selector: { type: 'string', short: 'l' },
  'no-headers': { type: 'boolean' },
  image: { type: 'string' },
  replicas: { type: 'string' },
  'min-available': { type: 'string' },
  'max-unavailable': { type: 'string' },
  restart: { type: 'string' },
  rm: { type: 'boolean' },
  attach: { type: 'boolean' },
  stdin: { type: 'boolean', short: 'i' },
  quiet: { type: 'boolean', short: 'q' },
  'image-pull-policy': { type: 'string' },
  'pod-running-timeout': { type: 'string' },
  overrides: { type: 'string' },
  labels: { type: 'string' },
  command: { type: 'boolean' },
} as const;

interface Call extends Inside {
  readonly names: readonly string[];
  /** What comes after `--`. */
  readonly rest: readonly string[];
  readonly flags: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
}

/** The part of kubectl with which an operator looks at nodes, workloads and budgets, and tries a pod. */
export function runKubectl(inside: Inside, args: readonly string[]): Output {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...own], options, allowPositionals: true });
  } catch (error) {
    return said(`error: ${error instanceof Error ? error.message : String(error)}\n`, 1);
  }
  const [verb = '', ...names] = parsed.positionals;
  const call: Call = { ...inside, names, rest: end < 0 ? [] : args.slice(end + 1), flags: parsed.values };
  switch (verb) {
    case 'get':
      return get(call);
    case 'create':
      return create(call);
    case 'scale':
      return scaleDeployment(call);
    case 'delete':
      return remove(call);
    case 'run':
      return run(call);
    case 'cordon':
    case 'uncordon':
      return cordon(call, verb === 'cordon');
    default:
      return said(`error: unknown command "${verb}" for "kubectl"\n`, 1);
  }
}

const namespaceOf = ({ flags }: Call): string => flags.namespace ?? 'default';

type Kind = 'nodes' | 'pods' | 'poddisruptionbudgets' | 'deployments';

const kinds: Readonly<Record<string, Kind>> = {
  node: 'nodes',
  nodes: 'nodes',
  no: 'nodes',
  pod: 'pods',
  pods: 'pods',
  poddisruptionbudget: 'poddisruptionbudgets',
  poddisruptionbudgets: 'poddisruptionbudgets',
  pdb: 'poddisruptionbudgets',
  deployment: 'deployments',
  deployments: 'deployments',
};

function get(call: Call): Output {
  const [what = '', name] = call.names;
  const kind = kinds[what.toLowerCase()];
  if (!kind) return said(`error: the server doesn't have a resource type "${what}"\n`, 1);
  const found = objectsOf(call, kind)
    .filter((object) => name === undefined || read(object, '.metadata.name') === name)
    .filter((object) => matchesSelector(object, call.flags.selector));
  if (name !== undefined && found.length === 0) {
    return said(`Error from server (NotFound): ${kind} "${name}" not found\n`, 1);
  }
  const { output = '' } = call.flags;
  if (output === 'json') {
    const list = { apiVersion: 'v1', kind: 'List', items: found };
    return said(`${JSON.stringify(name === undefined ? list : found[0], undefined, 4)}\n`);
  }
  if (found.length === 0) return said('No resources found\n');
  if (output === 'name') return said(found.map((object) => `${kind}/${read(object, '.metadata.name')}\n`).join(''));
  if (output.startsWith('custom-columns=')) {
    return said(customColumns(found, output.slice('custom-columns='.length), call.flags['no-headers'] ?? false));
  }
  if (output !== '' && output !== 'wide') return said(`error: unable to match a printer suitable for "${output}"\n`, 1);
  return said(
    customColumns(found, 'NAME:.metadata.name,CREATED:.metadata.creationTimestamp', call.flags['no-headers'] ?? false),
  );
}

function objectsOf(call: Call, kind: Kind): Body[] {
  const { world, cluster, flags } = call;
  const here = ({ namespace }: { namespace: string }) => flags['all-namespaces'] || namespace === namespaceOf(call);
  switch (kind) {
    case 'nodes':
      return nodesOf(world, cluster.id).map((node) => nodeObject(call, node));
    case 'deployments':
      return deploymentsOf(world, cluster.id)
        .filter(here)
        .map(({ namespace, name, replicas, pods }) => ({
          metadata: { namespace, name },
          spec: { replicas },
          status: { replicas, readyReplicas: pods.filter(({ ready }) => ready).length },
        }));
    case 'pods':
      return deploymentsOf(world, cluster.id).filter(here).flatMap(podObjects);
    case 'poddisruptionbudgets':
      return budgetsOf(world, cluster.id)
        .filter(here)
        .map((budget) => ({
          metadata: { namespace: budget.namespace, name: budget.name },
          spec: {
            ...(budget.minAvailable === undefined ? {} : { minAvailable: budget.minAvailable }),
            ...(budget.maxUnavailable === undefined ? {} : { maxUnavailable: budget.maxUnavailable }),
            selector: { matchLabels: { app: budget.app } },
          },
          status: allowanceOf(world, cluster.id, budget),
        }));
  }
}

function nodeObject({ world, cluster }: Call, node: KubernetesNode): Body {
  const pool = world.store.get(`${cluster.id}/agentPools/${node.pool}`);
  const mode = isBody(pool?.body.properties) ? String(pool.body.properties.mode).toLowerCase() : 'user';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      creationTimestamp: node.createdAt,
      labels: {
        agentpool: node.pool,
        'kubernetes.azure.com/agentpool': node.pool,
        'kubernetes.azure.com/mode': mode,
        'kubernetes.azure.com/node-image-version': node.nodeImageVersion,
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: { ...(node.unschedulable && { unschedulable: true }) },
    status: {
      nodeInfo: {
        bootID: node.bootId,
        kubeletVersion: `v${cluster.properties.currentKubernetesVersion}`,
        osImage: 'Ubuntu 22.04.5 LTS',
        containerRuntimeVersion: 'containerd://1.7.27-1',
      },
      conditions: [{ type: 'Ready', status: node.ready ? 'True' : 'Unknown' }],
    },
  };
}

const podObjects = ({ namespace, name, image, pods }: Deployment): Body[] =>
  pods.map((pod) => ({
    metadata: { namespace, name: pod.name, labels: { app: name } },
    spec: { nodeName: pod.node, containers: [{ name, image }] },
    status: { phase: pod.ready ? 'Running' : 'Pending' },
  }));

/** `a=b,c=d`. */
function matchesSelector(object: Body, selector: string | undefined): boolean {
  const labels = isBody(object.metadata) && isBody(object.metadata.labels) ? object.metadata.labels : {};
  return (selector ?? '')
    .split(',')
    .filter(Boolean)
    .every((pair) => {
      const [key = '', value] = pair.split(/==?/);
      return labels[key] === value;
    });
}

function customColumns(objects: readonly Body[], specification: string, noHeaders: boolean): string {
  const columns = specification.split(',').map((column) => {
    const [header = '', ...path] = column.split(':');
    return { header, path: path.join(':') };
  });
  const rows = objects.map((object) => columns.map(({ path }) => read(object, path)));
  const all = noHeaders ? rows : [columns.map(({ header }) => header), ...rows];
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd((widths[index] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** kubectl's paths: `.metadata.labels.kubernetes\.io/os`, `.status.conditions[?(@.type=="Ready")].status`. */
function read(object: unknown, path: string): string {
  const steps = path.match(/\[[^\]]*\]|(?:\\.|[^.[\\])+/g) ?? [];
  let value: unknown = object;
  for (const step of steps) {
    const [, key, wanted] = /^\[\?\(@\.(\w+)\s*==\s*"([^"]*)"\)\]$/.exec(step) ?? [];
    if (key !== undefined)
      value = Array.isArray(value) ? value.find((each) => isBody(each) && each[key] === wanted) : undefined;
    else value = isBody(value) ? value[step.replaceAll('\\', '')] : undefined;
  }
  return value === undefined || value === null || value === '' ? '<none>' : String(value);
}

function create(call: Call): Output {
  const { world, cluster, flags } = call;
  const [what = '', name = ''] = call.names;
  const namespace = namespaceOf(call);
  switch (kinds[what.toLowerCase()] ?? what) {
    case 'namespace':
      return said(`namespace/${name} created\n`);
    case 'deployments':
      if (flags.image === undefined) return said('error: required flag(s) "image" not set\n', 1);
      saveDeployment(world, cluster.id, { namespace, name, image: flags.image, replicas: Number(flags.replicas ?? 1) });
      return said(`deployment.apps/${name} created\n`);
    case 'poddisruptionbudgets': {
      const { 'min-available': least, 'max-unavailable': most, selector = '' } = flags;
      if ((least === undefined) === (most === undefined)) {
        return said('error: one of min-available or max-unavailable must be specified\n', 1);
      }
      saveBudget(world, cluster.id, {
        namespace,
        name,
        app: selector.replace(/^app==?/, ''),
        ...(least === undefined ? {} : { minAvailable: Number(least) }),
        ...(most === undefined ? {} : { maxUnavailable: Number(most) }),
      });
      return said(`poddisruptionbudget.policy/${name} created\n`);
    }
    default:
      return said(`error: unknown resource type "${what}"\n`, 1);
  }
}

function scaleDeployment(call: Call): Output {
  const { world, cluster, flags } = call;
  const name = call.names.at(-1)?.replace(/^deployments?\//, '') ?? '';
  const found = deploymentsOf(world, cluster.id).find(
    (each) => each.name === name && each.namespace === namespaceOf(call),
  );
  if (!found) return said(`Error from server (NotFound): deployments.apps "${name}" not found\n`, 1);
  const { pods: _pods, ...deployment } = found;
  saveDeployment(world, cluster.id, { ...deployment, replicas: Number(flags.replicas ?? found.replicas) });
  return said(`deployment.apps/${name} scaled\n`);
}

function remove(call: Call): Output {
  const { world, cluster } = call;
  const [what = '', name = ''] = call.names;
  const kind = kinds[what.toLowerCase()];
  const target = { namespace: namespaceOf(call), name };
  const removed =
    (kind === 'deployments' && removeWorkload(world, cluster.id, 'deployments', target)) ||
    (kind === 'poddisruptionbudgets' && removeWorkload(world, cluster.id, 'budgets', target));
  return removed
    ? said(`${what} "${name}" deleted\n`)
    : said(`Error from server (NotFound): ${what} "${name}" not found\n`, 1);
}

function cordon({ world, cluster, names }: Call, unschedulable: boolean): Output {
  const [name = ''] = names;
  const instance = scaleSetInstances(world, cluster).find(
    ({ body }) => body.properties.osProfile.computerName === name,
  );
  if (!instance) return said(`Error from server (NotFound): nodes "${name}" not found\n`, 1);
  change(world, instance, { unschedulable });
  return said(`node/${name} ${unschedulable ? 'cordoned' : 'uncordoned'}\n`);
}

const overrides = z.looseObject({
  spec: z
    .looseObject({
      nodeName: z.string().optional(),
      nodeSelector: z.record(z.string(), z.string()).optional(),
      containers: z
        .array(
          z.looseObject({
            image: z.string().optional(),
            command: z.array(z.string()).optional(),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).optional(),
          }),
        )
        .optional(),
      volumes: z
        .array(z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).optional() }))
        .optional(),
    })
    .optional(),
});
type PodSpec = NonNullable<z.infer<typeof overrides>['spec']>;

/** A pod on a node: its image is pulled there, and its command runs there. */
function run(call: Call): Output {
  const { world, cluster, flags } = call;
  let spec: PodSpec = {};
  try {
    spec = overrides.parse(JSON.parse(flags.overrides ?? '{}')).spec ?? {};
  } catch {
    return said('error: Invalid JSON Patch\n', 1);
  }
  const [container] = spec.containers ?? [];
  const image = container?.image ?? flags.image ?? '';
  const node = nodesOf(world, cluster.id)
    .filter(({ ready, unschedulable }) => ready && (spec.nodeName !== undefined || !unschedulable))
    .find((each) => isWanted(each, spec));
  const timeout = Number.parseInt(flags['pod-running-timeout'] ?? '60', 10);
  const name = call.names[0] ?? '';
  const failure = node ? pullFailure(world, cluster, node, image) : 'no node matches';
  if (!node || failure !== undefined) {
    const why = `Warning: Failed to pull image "${image}": ${failure}`;
    return said(`${why}\nerror: timed out waiting for the condition\npod "${name}" deleted\n`, 1, timeout);
  }
  const [program = '', ...args] = container?.command ?? call.rest;
  if (program === 'cat') return cat(args[0] ?? '', spec, node);
  if (program === 'echo') return said(`${args.join(' ')}\n`);
  return program === 'true' || program === ''
    ? said('')
    : said(`exec: "${program}": executable file not found in $PATH\n`, 127);
}

function isWanted({ name, pool }: KubernetesNode, { nodeName, nodeSelector = {} }: PodSpec): boolean {
  const labels: Readonly<Record<string, string>> = {
    'kubernetes.io/hostname': name,
    'kubernetes.azure.com/agentpool': pool,
    agentpool: pool,
  };
  return (nodeName ?? name) === name && Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

/** The one file of a node that AKS's isolation writes. Source: Azure/AgentBaker, cse_config.sh, configureContainerdRegistryHost. */
function cat(file: string, { volumes = [], containers = [] }: PodSpec, { registryServer }: KubernetesNode): Output {
  const mount = containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .find(({ mountPath }) => file.startsWith(mountPath));
  const host = volumes.find(({ name }) => name === mount?.name)?.hostPath?.path;
  const path = mount && host !== undefined ? file.replace(mount.mountPath, host) : file;
  if (path !== '/etc/containerd/certs.d/mcr.microsoft.com/hosts.toml' || registryServer === undefined) {
    return said(`cat: can't open '${file}': No such file or directory\n`, 1);
  }
  const address = registryServer.replace('/', '/v2/');
  return said(`[host."https://${address}"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n`);
}
