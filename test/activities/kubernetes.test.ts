import { describe, expect, it } from '@jest/globals';
import { parse } from 'shell-quote';
import { curlIn, wgetIn } from '../../activities/egress.ts';
import { kubernetesIn, listingIn } from '../../activities/kubernetes.ts';
import { podIn, podsIn } from '../../activities/podRun.ts';
import { pullCommand, pullIn } from '../../activities/pull.ts';

const node = 'aks-work-vmss000000   work   boot-1   2026-01-01T00:00:00Z   True';
const budget = 'shop   cart   0   2';
const admitted = 'pod/aks-isolation-probe-1 created (server dry run)';
const whole = [
  admitted,
  'end-of-admission',
  node,
  'end-of-nodes',
  budget,
  'end-of-disruption-budgets',
  'end-of-probe-pods',
  '',
].join('\n');

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
    expect(
      kubernetesIn(
        'end-of-admission\nNo resources found\nend-of-nodes\nend-of-disruption-budgets\nend-of-probe-pods\n',
      ),
    ).toEqual({
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

describe('a listing that failed', () => {
  const because = (logs: string) => {
    const look = listingIn({ exitCode: 1, logs }, () => ({ seen: [] }));
    return 'unseen' in look ? look.unseen.because : 'seen';
  };

  it.each([
    'Error from server (Forbidden): nodes is forbidden: User "0f" cannot list resource "nodes" in API group "" at the cluster scope: User does not have access to the resource in Azure.',
    'Error from server (Forbidden): poddisruptionbudgets.policy is forbidden: User "0f" cannot list resource "poddisruptionbudgets" in API group "policy" at the cluster scope',
    'error: You must be logged in to the server (Unauthorized)',
  ])('was forbidden by the roles of Kubernetes: %s', (logs) => {
    expect(because(`end-of-admission\n${logs}`)).toBe('notAllowed');
  });

  it.each([
    'Unable to connect to the server: net/http: TLS handshake timeout',
    'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    'Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest"',
  ])('tells against the cluster: %s', (logs) => {
    expect(because(logs)).toBe('failed');
  });
});

describe('curl', () => {
  const ended = (exitCode: number, logs = '') => curlIn({ exitCode, logs });

  it.each([
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

  it('that finds no address says so, for it has sent nothing', () => {
    const logs = 'curl: (6) Could not resolve host: mcr.microsoft.com';
    expect(ended(6, logs)).toEqual({ seen: { open: false, message: logs, unresolved: true } });
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

describe('pods that ran at the same time', () => {
  const shown = (logs: string) =>
    `pod-status\n{"status":{"phase":"Succeeded"}}\npod-logs\n${logs}\nend-of-script 0\npod-end\n`;
  const refused = 'Error from server (Forbidden): pods "b" is forbidden: violates PodSecurity "restricted:latest": x\n';
  const before = `pod/a created\npod-made\n${refused}pod-made\npod/c created\npod-made\npod/a condition met\npods-waited\n`;
  const logs = `${before}${shown('one')}pod-status\npod-logs\npod-end\n${shown('three')}`;

  it('each say their own', () => {
    expect(podsIn({ exitCode: 0, logs }, 3)).toEqual([
      { status: 0, said: 'one' },
      { unseen: { because: 'podDenied', message: expect.stringMatching(/^Pod Security/) } },
      { status: 0, said: 'three' },
    ]);
  });

  it('say nothing from where their output was cut', () => {
    const cut = { exitCode: 0, logs: logs.slice(0, logs.indexOf('three')) };
    expect(podsIn(cut, 3).map((pod) => 'unseen' in pod && pod.unseen.because)).toEqual([false, 'podDenied', 'failed']);
    const none = podsIn({ exitCode: 1, logs: 'the pod was deleted' }, 2);
    expect(none).toMatchObject([{ unseen: { because: 'failed' } }, { unseen: { because: 'failed' } }]);
  });
});

/** The output of run-command about a pod. */
const printed = (first: string, status: object | undefined, logs = '') =>
  podIn({
    exitCode: 0,
    logs: [
      first,
      'pod-status',
      ...(status ? [JSON.stringify({ status }, null, 4)] : []),
      'pod-logs',
      logs,
      'pod-end',
      '',
    ].join('\n'),
  });
const ran = (logs: string, status: number) =>
  printed('pod/p condition met', { phase: 'Succeeded' }, `${logs}\nend-of-script ${status}`);
const waits = (reason: string, message = 'a message') =>
  printed('error: timed out waiting for the condition on pods/p', {
    phase: 'Pending',
    containerStatuses: [{ state: { waiting: { reason, message } } }],
  });
const restricted =
  'Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest": restricted volume types (volume "hosts" uses restricted volume type "hostPath")';
const gatekeeper =
  'Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-k8sazurev3hostfilesystem-1] HostPath volume hosts is not allowed';

describe('a pod that did not run', () => {
  it.each([
    ['Pod Security', restricted, /^Pod Security \(restricted:latest\) does not admit the pod of a look: .*hostPath/],
    ['Gatekeeper', gatekeeper, /^Gatekeeper, by which Azure Policy acts .*azurepolicy-k8sazurev3hostfilesystem/],
    [
      'another webhook',
      gatekeeper.replace('validation.gatekeeper.sh', 'validate.kyverno.svc'),
      /^the admission webhook validate.kyverno.svc does/,
    ],
    [
      'a policy of the API server',
      `The pods "p" is invalid: : ValidatingAdmissionPolicy 'safe' with binding 'b' denied request: no`,
      /^the admission policy safe does not admit/,
    ],
    [
      'a limit range',
      'Error from server (Forbidden): pods "p" is forbidden: minimum memory usage per Container is 32Mi, but request is 16Mi',
      /^a limit range of its namespace does not admit/,
    ],
    [
      'RBAC',
      'Error from server (Forbidden): pods is forbidden: User "worker" cannot create resource "pods" in API group ""',
      /^Kubernetes RBAC does not admit/,
    ],
  ])('says who of the cluster did not admit it: %s', (_who, said, message) => {
    for (const read of [pullIn('node', 'image', printed(said, undefined)), wgetIn(printed(said, undefined))])
      expect(read).toEqual({ unseen: { because: 'podDenied', message: expect.stringMatching(message) } });
  });

  it('says beforehand that a quota has no room for it, and later that the look failed', () => {
    const full =
      'Error from server (Forbidden): pods "p" is forbidden: exceeded quota: few, requested: pods=1, used: pods=9';
    expect(kubernetesIn(whole.replace(admitted, full))).toMatchObject({
      seen: { podDenied: expect.stringMatching(/^a resource quota .*exceeded quota: few/) },
    });
    expect(pullIn('node', 'image', printed(full, undefined))).toMatchObject({ unseen: { because: 'failed' } });
  });

  it('says so beforehand, where the API server is asked', () => {
    expect(kubernetesIn(whole.replace(admitted, restricted))).toMatchObject({
      seen: { podDenied: expect.stringMatching(/^Pod Security/) },
    });
    expect(kubernetesIn(whole)).not.toHaveProperty('seen.podDenied');
  });

  it.each([
    ['Error from server (InternalError): Internal error occurred: failed calling webhook "validation.gatekeeper.sh"'],
    ['Error from server (NotFound): namespaces "kube-system" not found'],
    ['Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'],
    [''],
  ])('has otherwise not looked: %s', (said) => {
    expect(pullIn('node', 'image', printed(said, undefined))).toMatchObject({ unseen: { because: 'failed' } });
  });

  it('says that its image cannot be pulled, which only egress cannot be told from', () => {
    for (const reason of ['ErrImagePull', 'ImagePullBackOff']) {
      const message = `${reason}: forbidden`;
      expect(pullIn('node', 'image', waits(reason, 'forbidden'))).toEqual({
        seen: { node: 'node', image: 'image', pulled: false, message },
      });
      expect(wgetIn(waits(reason))).toMatchObject({ unseen: { because: 'failed' } });
    }
  });

  it.each([
    ['waits for something else', waits('ContainerCreating')],
    [
      'found no room',
      printed('', {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', message: 'Insufficient cpu' }],
      }),
    ],
    ['lost its output', printed('pod/p condition met', { phase: 'Succeeded' })],
    ['is shown in part', podIn({ exitCode: 0, logs: 'pod/p created\npod-status\n{"status":' })],
    ['is shown in other words', printed('', { phase: 1 })],
  ])('says nothing where it %s', (_what, pod) => {
    expect(pullIn('node', 'image', pod)).toMatchObject({ unseen: { because: 'failed' } });
    expect(wgetIn(pod)).toMatchObject({ unseen: { because: 'failed' } });
  });
});

describe('the pod that pulls', () => {
  it('tells where its node boots from', () => {
    const mirrored = ran('[host."https://r.azurecr.io/v2/aks-managed-repository"]', 0);
    expect(pullIn('node', 'image', mirrored)).toMatchObject({
      seen: { pulled: true, bootstrapSource: 'r.azurecr.io/aks-managed-repository' },
    });
    const unbroken = printed('', { phase: 'Succeeded' }, '[host."https://r.azurecr.io/v2"]end-of-script 0');
    expect(pullIn('node', 'image', unbroken)).toMatchObject({ seen: { bootstrapSource: 'r.azurecr.io' } });
    const direct = ran("cat: can't open '/hosts/mcr.microsoft.com/hosts.toml': No such file or directory", 1);
    expect(pullIn('node', 'image', direct)).toMatchObject({ seen: { pulled: true, bootstrapSource: 'Direct' } });
    expect(pullIn('node', 'image', ran('cat: /hosts: Permission denied', 1))).toMatchObject({
      unseen: { because: 'failed', message: expect.stringContaining('Permission denied') },
    });
  });
});

describe('wget', () => {
  it('that finds no address says so, for it has sent nothing', () => {
    expect(wgetIn(ran("wget: bad address 'mcr.microsoft.com'", 1))).toMatchObject({
      seen: { open: false, unresolved: true },
    });
  });

  it.each([
    [0, '', true],
    [1, 'wget: server returned error: HTTP/1.1 403 Forbidden', true],
    [1, 'wget: TLS error from peer (alert code 40): handshake failure', true],
    [1, "wget: can't connect to remote host (150.171.69.10): Connection refused", false],
    [1, 'wget: download timed out', false],
    [1, 'wget: error getting response: Connection reset by peer', false],
  ])('that ends with %i, %s: egress is open: %s', (status, said, open) => {
    expect(wgetIn(ran(said, status))).toMatchObject({ seen: { open } });
  });

  it.each([
    [127, 'sh: wget: not found'],
    [1, 'wget: not an http or ftp url: https://mcr.microsoft.com/v2/'],
    [1, ''],
  ])('that ends with %i has not looked: %s', (status, said) => {
    expect(wgetIn(ran(said, status))).toMatchObject({ unseen: { because: 'failed' } });
  });
});

it.each(['registry.example/a; kubectl delete namespace shop', "'$(id)'", '`id` && id', 'a | b > c'])(
  'a name from outside reaches the shell as a word: %s',
  (image) => {
    const words = parse(pullCommand(image, image));
    // Commands of our own, one after the other.
    const joins = words.flatMap((each) => (typeof each === 'object' && 'op' in each ? [each.op] : []));
    expect(joins).toEqual(['&&', ';', ';', ';', ';', ';', ';']);
    expect(words[words.indexOf('--image') + 1]).toBe(image);
    const { spec } = JSON.parse(String(words[words.indexOf('--overrides') + 1]));
    expect(spec).toMatchObject({ nodeName: image, containers: [{ image, securityContext: { privileged: false } }] });
  },
);
