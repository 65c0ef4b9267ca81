// The custom resources that the manifests use, as far as they use them: unknown keys are refused. Sources, read on 2026-11-26:
// https://github.com/temporalio/temporal-worker-controller, v1.8.1: api/v1alpha1, and its page on worker resource templates; compared on
// 2026-11-27 with the definitions in helm/temporal-worker-controller-crds of its main branch, which have the same keys and bounds
// https://keda.sh/docs/2.22/scalers/temporal/ and https://keda.sh/docs/2.22/reference/scaledobject-spec/

const duration = { type: 'string', pattern: '^([0-9]+(s|m|h))+$' };
const name = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' };

const strict = (properties: Record<string, unknown>, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});

const kubernetes = (type: string) => ({ $ref: `/api/_definitions.json#/$defs/${type}` });
const keyOfConfigMap = strict({ configMapKeyRef: strict({ name, key: { type: 'string' } }) });

const resource = (spec: object) =>
  strict({
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: kubernetes('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'),
    spec,
  });

const rolloutStep = strict({
  rampPercentage: { type: 'integer', minimum: 1, maximum: 99 },
  pauseDuration: duration,
});

const temporalTrigger = strict({
  type: { const: 'temporal' },
  metadata: strict({
    endpoint: { type: 'string', pattern: '^[a-zA-Z0-9.-]+:[0-9]+$' },
    taskQueue: { type: 'string', minLength: 1 },
    queueTypes: { type: 'string', pattern: '^(workflow|activity|nexus)(,(workflow|activity|nexus))*$' },
    // KEDA takes numbers as strings.
    targetQueueSize: { type: 'string', pattern: '^[0-9]+$' },
    // The controller fills these in, and refuses a template that does it itself.
    namespace: { const: '' },
    workerDeploymentName: { const: '' },
    workerDeploymentBuildId: { const: '' },
  }),
});

/** Resources that a WorkerResourceTemplate may hold, without names: the controller gives them. */
const templates = [
  strict({
    apiVersion: { const: 'keda.sh/v1alpha1' },
    kind: { const: 'ScaledObject' },
    spec: strict({
      scaleTargetRef: strict({}),
      minReplicaCount: { type: 'integer', minimum: 0 },
      maxReplicaCount: { type: 'integer', minimum: 1 },
      cooldownPeriod: { type: 'integer', minimum: 0 },
      triggers: { type: 'array', minItems: 1, items: temporalTrigger },
    }),
  }),
  strict({
    apiVersion: { const: 'policy/v1' },
    kind: { const: 'PodDisruptionBudget' },
    spec: kubernetes('io.k8s.api.policy.v1.PodDisruptionBudgetSpec'),
  }),
];

/** JSON Schemas by API version and kind. */
export const customResources: Readonly<Record<string, object>> = {
  'temporal.io/v1alpha1/Connection': resource(
    strict(
      {
        hostPort: { type: 'string', pattern: '^[a-zA-Z0-9.-]+:[0-9]+$' },
        apiKeySecretRef: strict({ name, key: { type: 'string' } }),
      },
      ['hostPort'],
    ),
  ),
  'temporal.io/v1alpha1/WorkerDeployment': resource(
    strict({
      workerOptions: strict({ connectionRef: strict({ name }), temporalNamespace: { type: 'string', minLength: 1 } }),
      rollout: strict({
        strategy: { enum: ['Manual', 'AllAtOnce', 'Progressive'] },
        gate: strict({ workflowType: { type: 'string' }, inputFrom: keyOfConfigMap }),
        steps: { type: 'array', minItems: 1, maxItems: 20, items: rolloutStep },
      }),
      sunset: strict({ scaledownDelay: duration, deleteDelay: duration }),
      template: kubernetes('io.k8s.api.core.v1.PodTemplateSpec'),
    }),
  ),
  'temporal.io/v1alpha1/WorkerResourceTemplate': resource(
    strict({ workerDeploymentRef: strict({ name }), template: { oneOf: templates } }),
  ),
};
