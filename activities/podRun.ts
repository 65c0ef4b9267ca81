import { randomUUID } from 'node:crypto';
import { quote } from 'shell-quote';
import { z } from 'zod';
import type { Unseen } from '../resources/nodes.ts';
import { type CommandOutput, kubectl, words } from './runCommand.ts';

/** Where the pods of looks run, and the label that tells whose they are. */
export const namespace = 'kube-system';
export const label = 'aks-isolation=probe';

/** A first pull through the registry's cache may take longer than kubectl's default of half a minute. */
export const longestStartSeconds = 90;

/** A small image of Microsoft's with the tools of BusyBox, which an isolated cluster has in its registry's cache. */
export const probeImage = 'azurelinux/busybox:1.36';

/** The task of a look's pod. */
interface Probe {
  image: string;
  imagePullPolicy: 'Always' | 'IfNotPresent';
  /** A script for the shell in its image. */
  script: string;
  /** Further parts of its specification. */
  spec: object;
  container?: object;
}

/** The last line of a pod's logs, with the status of the script's last command. A log without it is not whole. */
const endOfScript = 'end-of-script';

/**
 * The settings of every pod of a look, so that neither Pod Security nor the policies that Azure has for clusters forbid it: no privilege,
 * no capability, no token of the API server, limits. Source: Kubernetes documentation, "Pod Security Standards".
 */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
/** An image need not say as whom it runs, but a policy may want to know. */
export const asNobody = { ...securityContext, runAsNonRoot: true, runAsUser: 65_534, runAsGroup: 65_534 };

/** @param together How many pods are waited for one after the other, for kubectl may wait so long for each. */
function podArguments(
  { image, imagePullPolicy, script, spec, container }: Probe,
  together = 1,
): { name: string; words: string[] } {
  // The name is unique, for an audit may probe the same node at the same time.
  const name = `aks-isolation-probe-${randomUUID().slice(0, 8)}`;
  const only = {
    name,
    image,
    imagePullPolicy,
    command: ['sh', '-c', `${script}; echo "${endOfScript} $?"`],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
    securityContext,
    ...container,
  };
  const whole = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    // One that nobody removes pulls and runs no longer than this.
    activeDeadlineSeconds: (together + 1) * longestStartSeconds,
    containers: [only],
    ...spec,
  };
  const words = [
    ...kubectl.split(' '),
    'run',
    name,
    '--namespace',
    namespace,
    '--labels',
    label,
    '--image',
    image,
  ].concat(['--restart', 'Never', '--overrides', JSON.stringify({ spec: whole })]);
  return { name, words };
}

const statusFollows = 'pod-status';
const logsFollow = 'pod-logs';
const end = 'pod-end';
const made = 'pod-made';
const allWaited = 'pods-waited';

/**
 * Makes a pod, waits for its end, shows its status and its logs, and removes it. An attached kubectl would not show what a container
 * said that ended before (kubernetes/kubernetes#27264), nor why it did not start.
 */
export function podCommand(probe: Probe): string {
  const { name, words: run } = podArguments(probe);
  // Names of nodes and registries come from outside: none of them may reach the shell as more than a word.
  return `${quote(run)} && ${waitFor([name])}; ${showAndRemove(name)}`;
}

/** The same for some pods that run at the same time: one request of AKS's instead of one each. */
export function podsCommand(probes: readonly Probe[]): string {
  const pods = probes.map((probe) => podArguments(probe, probes.length));
  return [
    ...pods.map(({ words: run }) => `${quote(run)}; ${quote(['echo', made])}`),
    waitFor(pods.map(({ name }) => name)),
    quote(['echo', allWaited]),
    ...pods.map(({ name }) => showAndRemove(name)),
  ].join('; ');
}

const waitFor = (names: readonly string[]): string => {
  const until = ['--for', 'jsonpath={.status.phase}=Succeeded', '--timeout', `${longestStartSeconds}s`];
  return quote(['kubectl', 'wait', 'pod', ...names, '--namespace', namespace, ...until]);
};

function showAndRemove(name: string): string {
  const pod = [name, '--namespace', namespace];
  const asked = kubectl.split(' ');
  return [
    quote(['echo', statusFollows]),
    quote([...asked, 'get', 'pod', ...pod, '--output', 'json', '--ignore-not-found']),
    quote(['echo', logsFollow]),
    quote([...asked, 'logs', ...pod]),
    quote(['echo', end]),
    quote([...asked, 'delete', 'pod', ...pod, '--ignore-not-found', '--wait=false']),
  ].join('; ');
}

/** Asks the API server whether it would take such a pod, and makes none. Its answer ends with a line of its own. */
export const endOfAdmission = 'end-of-admission';
export const admissionCommand = (probe: Probe): string =>
  `${quote([...podArguments(probe).words, '--dry-run=server'])}; echo ${endOfAdmission}`;

/** The end of a pod: its output and exit code, why its image was not pulled, or why neither is known. */
export type PodSeen = { status: number; said: string } | { notPulled: string } | { unseen: Unseen };

const status = z.object({
  phase: z.string().default('Unknown'),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string().optional(), message: z.string().optional() }))
    .default([]),
  containerStatuses: z
    .array(
      z.object({
        state: z
          .object({ waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional() })
          .default({}),
      }),
    )
    .default([]),
});
const podSchema = z.object({ status });

/**
 * Reads what {@link podCommand} printed. Only a pod that ran to its end says something, and only one whose image cannot be pulled says
 * that: one that was not admitted, found no room or was cut off says neither.
 */
export function podIn({ exitCode, logs }: CommandOutput): PodSeen {
  const [first, rest] = parted(logs, statusFollows);
  const [shown, after] = parted(rest ?? '', logsFollow);
  const [said, removed] = parted(after ?? '', end);
  if (removed === undefined) return failed(words(logs) || `exit status ${exitCode}, without a word`);
  if (shown.trim() === '') return { unseen: refusalIn(first) ?? failed(words(first) || 'the pod is not there').unseen };
  const pod = parsed(shown);
  if (!pod) return failed(`kubectl answered otherwise than expected: ${words(shown)}`);
  // A file may end without a line break.
  const [, ended] = new RegExp(`${endOfScript} (\\d+)$`, 'm').exec(said) ?? [];
  if (ended !== undefined) return { status: Number(ended), said: said.slice(0, said.lastIndexOf(endOfScript)).trim() };
  const waiting = pod.containerStatuses.map(({ state }) => state.waiting).find((each) => each !== undefined);
  const why = [waiting?.reason, waiting?.message].filter(Boolean).join(': ');
  if (/^(ErrImagePull|ImagePullBackOff)$/.test(waiting?.reason ?? '')) return { notPulled: words(why) };
  const unscheduled = pod.conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  return failed(words(`the pod is ${pod.phase}: ${why || unscheduled?.message || first}`));
}

/** Reads what {@link podsCommand} printed, for each of its pods. */
export function podsIn({ exitCode, logs }: CommandOutput, count: number): PodSeen[] {
  const [before = '', after = ''] = parted(logs, allWaited);
  const begun = partsOf(before, made);
  const waited = begun.at(count) ?? '';
  const shown = partsOf(after, end);
  return Array.from({ length: count }, (_, index) => {
    // A pod that is not shown to its end was cut off.
    const own = index < shown.length - 1 ? `${shown[index]}${end}\n` : '';
    return podIn({ exitCode, logs: `${begun[index] ?? ''}${waited}${own}` });
  });
}

/** The text between lines that are all the same. */
const partsOf = (text: string, line: string): string[] => {
  const [first, rest] = parted(text, line);
  return rest === undefined ? [first] : [first, ...partsOf(rest, line)];
};

/** The text before a line, and after it; `undefined` where there is no such line. */
function parted(text: string, line: string): [string, string | undefined] {
  const at = `\n${text}`.indexOf(`\n${line}\n`);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + line.length + 1)];
}

function parsed(json: string): z.infer<typeof status> | undefined {
  try {
    return podSchema.parse(JSON.parse(json)).status;
  } catch {
    return undefined;
  }
}

const failed = (message: string): { unseen: Unseen } => ({ unseen: { because: 'failed', message } });

/** Words of the admission plugin LimitRanger. Source: Kubernetes, plugin/pkg/admission/limitranger/admission.go. */
const limit = /is forbidden: .*\b(minimum|maximum) \S+ usage per (Container|Pod) is|limit to request ratio per/;

/**
 * Who of a cluster did not admit a pod: what is forbidden does not pass by itself, and says nothing about pulls or egress. A webhook
 * that does not answer may answer the next time. Source: k8s.io/pod-security-admission; Gatekeeper; Kubernetes documentation,
 * "Validating Admission Policy" and "Using RBAC Authorization".
 */
export function refusalIn(text: string): Unseen | undefined {
  const [, level] = /forbidden: violates PodSecurity "([^"]+)"/.exec(text) ?? [];
  const [, webhook] = /admission webhook "([^"]+)" denied the request/.exec(text) ?? [];
  const [, policy] = /ValidatingAdmissionPolicy '([^']+)'.* denied request/.exec(text) ?? [];
  const byWebhook = /gatekeeper/i.test(webhook ?? '')
    ? `Gatekeeper, by which Azure Policy acts (webhook ${webhook}),`
    : `the admission webhook ${webhook}`;
  const by = [
    level !== undefined && `Pod Security (${level})`,
    webhook !== undefined && byWebhook,
    policy !== undefined && `the admission policy ${policy}`,
    /cannot create resource "pods"/.test(text) && 'Kubernetes RBAC',
    limit.test(text) && 'a limit range of its namespace',
  ].find((each) => each !== false);
  if (by === undefined) return undefined;
  return { because: 'podDenied', message: words(`${by} does not admit the pod of a look: ${text}`) };
}
