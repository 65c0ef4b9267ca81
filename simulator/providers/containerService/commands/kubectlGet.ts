import { type Body, isBody, valueAt } from '../../../arm/json.ts';
import { type KubernetesNode, nodesOf } from '../nodes.ts';
import { type Pod, podsOf } from '../pods.ts';
import { allowanceOf, budgetsOf, type Deployment, shownDeployments } from '../workloads.ts';
import { type Output, printed } from './command.ts';
import { type KubectlCall, type KubectlKind, kubectlKinds, namespaceOf } from './kubectlCall.ts';

/** `kubectl get`: JSON, names, a table or custom columns. */
export function get(call: KubectlCall): Output {
  const [what = '', name] = call.names;
  const kind = kubectlKinds[what.toLowerCase()];
  if (!kind) return printed(`error: the server doesn't have a resource type "${what}"\n`, 1);
  const found = objectsOf(call, kind)
    .filter((object) => name === undefined || read(object, '.metadata.name') === name)
    .filter((object) => matchesSelector(object, call.flags.selector));
  if (name !== undefined && found.length === 0) {
    if (call.flags['ignore-not-found']) return printed('');
    return printed(`Error from server (NotFound): ${kind} "${name}" not found\n`, 1);
  }
  const { output = '' } = call.flags;
  if (output === 'json') {
    const list = { apiVersion: 'v1', kind: 'List', items: found };
    return printed(`${JSON.stringify(name === undefined ? list : found[0], undefined, 4)}\n`);
  }
  if (output.startsWith('jsonpath=')) return byTemplate(found, output.slice('jsonpath='.length));
  if (found.length === 0) return printed('No resources found\n');
  if (output === 'name') return printed(found.map((object) => `${kind}/${read(object, '.metadata.name')}\n`).join(''));
  if (output.startsWith('custom-columns=')) {
    return printed(customColumns(found, output.slice('custom-columns='.length), call.flags['no-headers'] ?? false));
  }
  if (output !== '' && output !== 'wide')
    return printed(`error: unable to match a printer suitable for "${output}"\n`, 1);
  return printed(
    customColumns(found, 'NAME:.metadata.name,CREATED:.metadata.creationTimestamp', call.flags['no-headers'] ?? false),
  );
}

function objectsOf(call: KubectlCall, kind: KubectlKind): Body[] {
  const { world, cluster, flags } = call;
  const here = ({ namespace }: { namespace: string }) => flags['all-namespaces'] || namespace === namespaceOf(call);
  switch (kind) {
    case 'nodes':
      return nodesOf(world, cluster.id).map((node) => nodeObject(call, node));
    case 'deployments':
      return shownDeployments(world, cluster.id)
        .filter(here)
        .map(({ namespace, name, replicas, pods }) => ({
          metadata: { namespace, name },
          spec: { replicas },
          status: { replicas, readyReplicas: pods.filter(({ ready }) => ready).length },
        }));
    case 'pods':
      return [
        ...shownDeployments(world, cluster.id).filter(here).flatMap(podObjects),
        ...podsOf(world, cluster.id).filter(here).map(podObject),
      ];
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

function nodeObject({ world, cluster }: KubectlCall, node: KubernetesNode): Body {
  const pool = world.store.get(`${cluster.id}/agentPools/${node.pool}`);
  const taints = node.taints.map((taint) => {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(taint) ?? [];
    return { key, ...(value && { value }), effect };
  });
  const mode = isBody(pool?.body.properties) ? String(pool.body.properties.mode).toLowerCase() : 'user';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      creationTimestamp: node.createdAt,
      labels: {
        ...(node.pool === ''
          ? { 'karpenter.sh/nodepool': 'default' }
          : { agentpool: node.pool, 'kubernetes.azure.com/agentpool': node.pool, 'kubernetes.azure.com/mode': mode }),
        'kubernetes.azure.com/node-image-version': node.nodeImageVersion,
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': node.isWindows ? 'windows' : 'linux',
      },
    },
    spec: { ...(node.unschedulable && { unschedulable: true }), ...(taints.length > 0 && { taints }) },
    status: {
      nodeInfo: {
        bootID: node.bootId,
        machineID: node.machineId,
        kubeletVersion: `v${cluster.properties.currentKubernetesVersion}`,
        osImage: node.isWindows ? 'Windows Server 2022 Datacenter' : 'Ubuntu 22.04.5 LTS',
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

const podObject = ({ namespace, name, image, node, phase, labels, waits, createdAt }: Pod): Body => ({
  metadata: { namespace, name, labels, creationTimestamp: createdAt },
  spec: { nodeName: node, containers: [{ name, image }] },
  status: {
    phase,
    ...(node === undefined
      ? { conditions: [{ type: 'PodScheduled', status: 'False', ...waits }] }
      : {
          conditions: [{ type: 'PodScheduled', status: 'True' }],
          containerStatuses: [{ name, image, state: waits ? { waiting: waits } : { terminated: {} } }],
        }),
  },
});

/** Whether an object meets a selector such as `a=b,c!=d`. An object without a label meets `!=`. */
function matchesSelector(object: Body, selector: string | undefined): boolean {
  const labels = isBody(object.metadata) && isBody(object.metadata.labels) ? object.metadata.labels : {};
  return (selector ?? '')
    .split(',')
    .filter(Boolean)
    .every((requirement) => {
      const [, key = '', operator, value] = /^([^!=]+)(==?|!=)(.*)$/.exec(requirement) ?? [];
      return (labels[key] === value) === (operator !== '!=');
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

/**
 * `{range .items[*]}…{end}` with paths, words and quoted words in between. Objects are printed as JSON.
 *
 * @see https://kubernetes.io/docs/reference/kubectl/jsonpath/
 */
function byTemplate(objects: readonly Body[], template: string): Output {
  const [, each] = /^\{range \.items\[\*\]\}(.*)\{end\}$/s.exec(template) ?? [];
  if (each === undefined) return printed(`error: error parsing jsonpath ${template}\n`, 1);
  const printedOf = (object: Body) =>
    each.replaceAll(/\{"([^"]*)"\}|\{\.([^}]*)\}/g, (_part, word: string | undefined, path = '') => {
      if (word !== undefined) return word.replaceAll('\\n', '\n');
      const value = valueAt(object, path);
      return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
    });
  return printed(objects.map(printedOf).join(''));
}

/** Reads a value at kubectl's path: `.metadata.labels.kubernetes\.io/os`, `.status.conditions[?(@.type=="Ready")].status`. */
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
