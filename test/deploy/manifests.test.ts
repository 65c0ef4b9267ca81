import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import { parse, scenarioInputs, taskQueue } from '../../contract/index.ts';
import { shutdownSeconds } from '../../worker/worker.ts';
import { customResources } from './customResources.ts';
import { kubernetesDefinitions } from './kubernetesSchemas.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Container {
  env: { name: string; value?: string }[];
  envFrom: { configMapRef: { name: string } }[];
  securityContext: object;
  volumeMounts: object[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  data?: Record<string, string>;
  spec: {
    template: { metadata: { labels: object }; spec: { containers: [Container] } & Record<string, unknown> };
  } & Record<string, unknown>;
}

const validator = new Ajv2020({ strict: false, validateFormats: false });
beforeAll(async () => {
  validator.addSchema(await kubernetesDefinitions(), '/api/_definitions.json');
  for (const [kind, schema] of Object.entries(customResources)) validator.addSchema(schema, kind);
});

/** Everything that stands against a manifest by the schema of its kind. */
function problemsOf(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const builtIn = `/api/_definitions.json#/$defs/io.k8s.api.${group.split('.')[0]}.${version}.${kind}`;
  const validate = validator.getSchema(`${apiVersion}/${kind}`) ?? validator.getSchema(builtIn);
  if (!validate) return [`there is no schema of ${apiVersion}/${kind}`];
  validate(manifest);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

async function built(overlay: string): Promise<Manifest[]> {
  const folder = join(root, 'deploy/kubernetes', overlay);
  const ways = [
    ['kubectl', 'kustomize'],
    ['kustomize', 'build'],
  ] as const;
  for (const [command, argument] of ways) {
    const { failed, code, stdout, stderr } = await execa(command, [argument, folder], { reject: false });
    if (!failed) return parseAllDocuments(stdout).map((document) => document.toJS());
    if (code !== 'ENOENT') throw new Error(stderr);
  }
  throw new Error(
    'Neither kubectl nor kustomize is installed, which build the manifests. Install one: https://kubernetes.io/docs/tasks/tools/',
  );
}

describe.each(['base', 'read-only', 'temporal-cloud', 'worker-controller'])('the manifests of %s', (overlay) => {
  let manifests: Manifest[];
  const theOne = (kind: string): Manifest => {
    const [found, ...others] = manifests.filter((each) => each.kind === kind);
    if (!found || others.length > 0) throw new Error(`Not one ${kind}`);
    return found;
  };
  const pods = () => theOne(overlay === 'worker-controller' ? 'WorkerDeployment' : 'Deployment').spec.template;

  beforeAll(async () => {
    manifests = await built(overlay);
  });

  it('are as Kubernetes and its custom resources have them', () => {
    expect(manifests.flatMap(problemsOf)).toEqual([]);
    const misspelt = structuredClone(theOne('NetworkPolicy'));
    misspelt.spec = { ...misspelt.spec, podSelektor: {} };
    expect(problemsOf(misspelt)).toEqual([expect.stringContaining('podSelektor')]);
  });

  it('hold pods that may nothing but their work', async () => {
    const { metadata, spec } = pods();
    const [, uid] = /^USER (\d+):/m.exec(read('deploy/Dockerfile')) ?? [];
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: theOne('ServiceAccount').metadata.name,
      securityContext: { runAsNonRoot: true, runAsUser: Number(uid), seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(metadata.labels).toMatchObject({ 'azure.workload.identity/use': 'true' });
  });

  it('give a worker longer than it takes to hand over', () => {
    expect(pods().spec.terminationGracePeriodSeconds).toBeGreaterThan(shutdownSeconds);
  });

  it('set what workers know', () => {
    const [container] = pods().spec.containers;
    const settings = manifests.find(({ metadata }) => metadata.name === container.envFrom[0]?.configMapRef.name);
    const names = [...container.env.map(({ name }) => name), ...Object.keys(settings?.data ?? {})];
    const known = read('docs/how-to/run-a-worker.md');
    expect(names.filter((name) => !known.includes(`\`${name}\``))).toEqual([]);
    expect(names).toContain('TEMPORAL_ADDRESS');
  });
});

describe('what the Worker Controller does', () => {
  let manifests: Manifest[];
  beforeAll(async () => {
    manifests = await built('worker-controller');
  });

  it('asks for the backlog of the task queue of the workers', () => {
    const backlog = manifests.find(({ metadata }) => metadata.name === 'backlog');
    expect(backlog?.spec.template).toMatchObject({ spec: { triggers: [{ metadata: { taskQueue } }] } });
  });

  it('opens its gate by an audit, with an input that audits take', () => {
    const rollout = manifests.find(({ kind }) => kind === 'WorkerDeployment')?.spec.rollout;
    expect(rollout).toMatchObject({ gate: { workflowType: 'auditCluster' } });
    const input = JSON.parse(read('deploy/kubernetes/worker-controller/gate.json'));
    expect(parse<unknown>(scenarioInputs.auditCluster, input).ok).toBe(true);
  });
});
