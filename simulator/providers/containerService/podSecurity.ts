import { z } from 'zod';
import { type Body, valueAt } from '../../arm/json.ts';
import type { World } from '../../arm/world.ts';

const securityContext = z.looseObject({
  allowPrivilegeEscalation: z.boolean().optional(),
  capabilities: z.looseObject({ drop: z.array(z.string()).optional() }).optional(),
  privileged: z.boolean().optional(),
  runAsNonRoot: z.boolean().optional(),
  runAsUser: z.number().optional(),
  seccompProfile: z.looseObject({ type: z.string() }).optional(),
});
const volume = z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).optional() });

/** The JSON of `kubectl run --overrides`, as far as it matters here. */
export const podOverrides = z.looseObject({
  spec: z
    .looseObject({
      nodeName: z.string().optional(),
      nodeSelector: z.record(z.string(), z.string()).optional(),
      securityContext: securityContext.optional(),
      containers: z
        .array(
          z.looseObject({
            image: z.string().optional(),
            command: z.array(z.string()).optional(),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).optional(),
            securityContext: securityContext.optional(),
          }),
        )
        .optional(),
      volumes: z.array(volume).optional(),
    })
    .optional(),
});
export type PodSpec = NonNullable<z.infer<typeof podOverrides>['spec']>;

const namespaceType = 'kubernetes/namespaces';
const idOf = (clusterId: string, name: string): string => `${clusterId}/${namespaceType}/${name}`;

/** Gives a namespace labels, as `kubectl label namespace` does. */
export function labelNamespace(
  world: World,
  clusterId: string,
  name: string,
  labels: Readonly<Record<string, string>>,
) {
  const id = idOf(clusterId, name);
  const before = valueAt(world.store.get(id)?.body, 'labels') as Body | undefined;
  world.store.put(id, namespaceType, { name, labels: { ...before, ...labels } });
}

/**
 * Why Pod Security does not admit a pod to a namespace whose label enforces a level. Source: Kubernetes documentation, "Pod Security
 * Standards" and "Pod Security Admission"; the text is that of k8s.io/pod-security-admission.
 */
export function podSecurityDenial(
  world: World,
  clusterId: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  spec: PodSpec,
): string | undefined {
  const labels = (valueAt(world.store.get(idOf(clusterId, namespace))?.body, 'labels') ?? {}) as Body;
  const level = labels['pod-security.kubernetes.io/enforce'];
  const broken =
    level === 'restricted'
      ? [...baseline(spec), ...restricted(name, spec)]
      : level === 'baseline'
        ? baseline(spec)
        : [];
  return broken.length === 0
    ? undefined
    : `pods "${name}" is forbidden: violates PodSecurity "${level}:latest": ${broken.join(', ')}`;
}

const hostPaths = ({ volumes = [] }: PodSpec): string[] =>
  volumes.flatMap((each) => (each.hostPath ? [each.name] : []));

const baseline = (spec: PodSpec): string[] => [
  ...hostPaths(spec).map((name) => `hostPath volumes (volume "${name}")`),
  ...((spec.containers ?? []).some((each) => each.securityContext?.privileged) ? ['privileged'] : []),
];

function restricted(name: string, spec: PodSpec): string[] {
  const own = spec.containers?.[0]?.securityContext ?? {};
  const both = { ...spec.securityContext, ...own };
  const mustSet = (isMissing: boolean, what: string, who: string, setting: string) =>
    isMissing ? [`${what} (${who} "${name}" must set securityContext.${setting})`] : [];
  const seccomp = both.seccompProfile?.type ?? '';
  return [
    ...mustSet(
      own.allowPrivilegeEscalation !== false,
      'allowPrivilegeEscalation != false',
      'container',
      'allowPrivilegeEscalation=false',
    ),
    ...mustSet(
      !own.capabilities?.drop?.includes('ALL'),
      'unrestricted capabilities',
      'container',
      'capabilities.drop=["ALL"]',
    ),
    ...hostPaths(spec).map(
      (each) => `restricted volume types (volume "${each}" uses restricted volume type "hostPath")`,
    ),
    ...mustSet(both.runAsNonRoot !== true, 'runAsNonRoot != true', 'pod or container', 'runAsNonRoot=true'),
    ...(both.runAsUser === 0 ? ['runAsUser=0 (pod must not set runAsUser=0)'] : []),
    ...mustSet(
      !['RuntimeDefault', 'Localhost'].includes(seccomp),
      'seccompProfile',
      'pod or container',
      'seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
  ];
}
