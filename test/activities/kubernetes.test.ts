import { describe, expect, it } from '@jest/globals';
import { parse } from 'shell-quote';
import { egressIn, kubernetesIn, pullIn } from '../../activities/kubernetes.ts';
import { probeCommand } from '../../activities/probePods.ts';

const node = 'aks-work-vmss000000   work   boot-1   2026-01-01T00:00:00Z   True';
const budget = 'shop   cart   0   2';
const whole = [node, 'end-of-nodes', budget, 'end-of-disruption-budgets', 'end-of-probe-pods', ''].join('\n');

describe('a listing of nodes and disruption budgets', () => {
  it('is taken where it is whole', () => {
    expect(kubernetesIn(whole)).toEqual({
      seen: {
        nodes: [
          {
            name: 'aks-work-vmss000000',
            pool: 'work',
            bootId: 'boot-1',
            createdAt: '2026-01-01T00:00:00Z',
            ready: true,
          },
        ],
        disruptionBudgets: [{ namespace: 'shop', name: 'cart', disruptionsAllowed: 0, expectedPods: 2 }],
        probePods: [],
      },
    });
  });

  it('is taken where there is neither a node nor a budget', () => {
    expect(kubernetesIn('No resources found\nend-of-nodes\nend-of-disruption-budgets\nend-of-probe-pods\n')).toEqual({
      seen: { nodes: [], disruptionBudgets: [], probePods: [] },
    });
  });

  // run-command cuts its logs at 512 kB, wherever that is.
  it('is not taken wherever it was cut', () => {
    const cuts = Array.from({ length: whole.indexOf('end-of-probe-pods') }, (_, at) => whole.slice(0, at));
    const failed = { unseen: { because: 'failed', message: expect.stringContaining('cut') } };
    expect(cuts.map(kubernetesIn)).toEqual(cuts.map(() => failed));
  });
});

describe('a listing that is not understood', () => {
  it.each([
    ['a row that ends early', 'aks-work-vmss000000   work   boot-1'],
    ['a row of more columns', 'aks-work-vmss000000   work   boot-1   2026-01-01T00:00:00Z   True   machine-1   more'],
    ['words of another program', 'The connection to the server was refused - did you specify the right host?'],
  ])('is a look that failed: %s', (_what, row) => {
    expect(kubernetesIn(whole.replace(node, row))).toMatchObject({ unseen: { because: 'failed' } });
  });

  it('is none for a warning, and takes the machine ID where the node says it', () => {
    const logs = whole.replace(node, `Warning: policy/v1beta1 is deprecated\n${node}   machine-1`);
    expect(kubernetesIn(logs)).toMatchObject({ seen: { nodes: [{ bootId: 'boot-1', machineId: 'machine-1' }] } });
    expect(kubernetesIn(whole.replace(node, `${node}   <none>`))).not.toHaveProperty('seen.nodes[0].machineId');
  });
});

describe('curl', () => {
  const ended = (exitCode: number, logs = '') => egressIn({ exitCode, logs });

  it.each([
    [6, 'curl: (6) Could not resolve host: mcr.microsoft.com'],
    [7, 'curl: (7) Failed to connect to mcr.microsoft.com port 443: Connection refused'],
    [28, 'curl: (28) Connection timed out after 15001 milliseconds'],
    [28, 'curl: (28) Operation timed out after 15000 milliseconds with 0 bytes received'],
    [35, 'curl: (35) OpenSSL SSL_connect: Connection reset by peer in connection to mcr.microsoft.com:443'],
    [35, 'curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to mcr.microsoft.com:443'],
    [52, 'curl: (52) Empty reply from server'],
    [56, 'curl: (56) Recv failure: Connection reset by peer'],
  ])('that ends with %i says that egress is closed: %s', (exitCode, logs) => {
    expect(ended(exitCode, logs)).toEqual({ seen: { open: false, message: logs } });
  });

  it.each([
    [0, ''],
    [22, 'curl: (22) The requested URL returned error: 403'],
    [28, 'curl: (28) Operation timed out after 15000 milliseconds with 512 out of 2048 bytes received'],
    [51, 'curl: (51) SSL: no alternative certificate subject name matches'],
    [60, 'curl: (60) SSL certificate problem: self-signed certificate in certificate chain'],
    [92, 'curl: (92) HTTP/2 stream 1 was not closed cleanly'],
  ])('that ends with %i was answered, so that egress is open: %s', (exitCode, logs) => {
    expect(ended(exitCode, logs)).toMatchObject({ seen: { open: true } });
  });

  it.each([
    [2, 'curl: option --silent: is unknown'],
    [5, 'curl: (5) Could not resolve proxy: proxy.contoso.com'],
    [35, 'curl: (35) error:0A000102:SSL routines::unsupported protocol'],
    [77, 'curl: (77) error setting certificate verify locations'],
    [126, 'sh: curl: Permission denied'],
    [127, 'sh: curl: not found'],
    [137, ''],
  ])('that ends with %i has not looked: %s', (exitCode, logs) => {
    expect(ended(exitCode, logs)).toMatchObject({ unseen: { because: 'failed' } });
  });
});

describe('the pod that pulls', () => {
  const pulled = (exitCode: number, logs: string) => pullIn('node', 'image', { exitCode, logs });

  it('tells where its node boots from', () => {
    expect(pulled(0, '[host."https://r.azurecr.io/v2/aks-managed-repository"]\n')).toMatchObject({
      seen: { pulled: true, bootstrapSource: 'r.azurecr.io/aks-managed-repository' },
    });
    expect(pulled(1, "cat: can't open '/hosts/mcr.microsoft.com/hosts.toml': No such file or directory")).toMatchObject(
      {
        seen: { pulled: true, bootstrapSource: 'Direct' },
      },
    );
  });

  it('tells that its image cannot be pulled', () => {
    const logs = 'Warning: Failed to pull image "image": forbidden\nerror: timed out waiting for the condition';
    expect(pulled(1, logs)).toEqual({ seen: { node: 'node', image: 'image', pulled: false, message: logs } });
  });

  it.each([
    [1, 'Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request'],
    [1, 'error: timed out waiting for the condition'],
    [1, 'Error from server (NotFound): namespaces "kube-system" not found'],
    [1, 'cat: no such tool: No such file or directory'],
    // Attaching loses the words of a pod that ends at once (kubernetes/kubernetes#27264).
    [0, ''],
  ])('tells nothing about pulls otherwise: status %i, %s', (exitCode, logs) => {
    expect(pulled(exitCode, logs)).toMatchObject({ unseen: { because: 'failed' } });
  });
});

it.each(['registry.example/a; kubectl delete namespace shop', "'$(id)'", '`id` && id', 'a | b > c'])(
  'a name from outside reaches the shell as a word: %s',
  (image) => {
    const words = parse(probeCommand(image, image));
    // Three commands of our own, one after the other.
    expect(words.filter((each) => typeof each !== 'string')).toEqual([{ op: ';' }, { op: ';' }]);
    expect(words[words.indexOf('--image') + 1]).toBe(image);
    expect(JSON.parse(String(words[words.indexOf('--overrides') + 1]))).toMatchObject({ spec: { nodeName: image } });
  },
);
