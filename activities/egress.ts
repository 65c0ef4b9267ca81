import type { Look, Unseen } from '../resources/nodes.ts';
import { asNobody, type PodSeen, podCommand, probeImage } from './podRun.ts';
import { type CommandOutput, words } from './runCommand.ts';

/** Whether Microsoft's registry is reached from inside a cluster, and in which words. */
export interface EgressSeen {
  open: boolean;
  message: string;
  /** The name of Microsoft's registry does not resolve: nothing was sent that routes could lead out. */
  unresolved?: true;
}

/**
 * Reads what curl's exit status says about egress. Only an end without any connection is closed egress; whatever comes after an
 * answer is open. Resets and silence in the middle of a handshake are what a firewall does that filters by name.
 * Source: curl.se, "libcurl errors", read 2026-11-26.
 */
export function curlIn({ exitCode, logs }: CommandOutput): Look<EgressSeen> {
  const message = words(logs) || `curl ended with ${exitCode}`;
  const isReset = /reset|SSL_ERROR_SYSCALL|unexpected eof|closed|empty reply|timed? ?out/i.test(logs);
  switch (exitCode) {
    case 6: // The name does not resolve.
      return { seen: { open: false, message, unresolved: true } };
    case 7: // Nothing answers.
      return { seen: { open: false, message } };
    case 28: // Time is up. It counts as open once a byte has come.
      return { seen: { open: /with [1-9]\d* (bytes|out of)/.test(logs), message } };
    case 35: // The TLS handshake ended.
    case 52: // No byte came.
    case 55: // Sending failed.
    case 56: // Receiving failed.
      return isReset ? { seen: { open: false, message } } : failed(message);
    case 0:
    case 8: // An odd answer.
    case 16: // HTTP/2 framing.
    case 18: // A part of the answer.
    case 22: // An HTTP error.
    case 47: // Too many redirects.
    case 51: // The certificate is for another name.
    case 60: // The certificate cannot be verified: something that opens TLS stands between.
    case 61: // An unknown encoding of the answer.
    case 83: // Another issuer.
    case 90: // Another public key.
    case 91: // A revoked certificate.
    case 92: // HTTP/2 stream.
      return { seen: { open: true, message } };
    default: // Such as 5, a proxy that does not resolve, 77, no certificates in the pod, or 127, no curl there.
      return failed(message);
  }
}

// A closed network drops packets, and curl alone would wait for minutes. Open egress answers within 15 seconds.
const longestSeconds = 15;
const egressUrl = 'https://mcr.microsoft.com/v2/';
export const curlCommand = `curl --silent --show-error --max-time ${longestSeconds} --output /dev/null ${egressUrl}`;

/** A shell's status for a program that is not there, or cannot be run. */
export const isNotThere = ({ exitCode }: CommandOutput): boolean => exitCode === 126 || exitCode === 127;

/** A pod that tries the same with the wget of BusyBox. It needs nothing that Pod Security's level restricted forbids. */
export const wgetCommand = (): string =>
  podCommand({
    image: `mcr.microsoft.com/${probeImage}`,
    imagePullPolicy: 'IfNotPresent',
    script: `wget -q -T ${longestSeconds} -O /dev/null ${egressUrl}`,
    spec: { nodeSelector: { 'kubernetes.io/os': 'linux' } },
    container: { securityContext: asNobody },
  });

/**
 * Reads what BusyBox's wget says about egress: its status is 1 whatever went wrong. As with curl, only an end without any answer is
 * closed egress; words that are not known say nothing. A pod that did not run has not looked.
 * Source: BusyBox 1.36, networking/wget.c and networking/tls.c, libbb/xconnect.c, read 2026-11-27.
 */
export function wgetIn(pod: PodSeen): Look<EgressSeen> {
  if ('unseen' in pod) return pod;
  if ('notPulled' in pod) return failed(`the pod that was to look did not get its image: ${pod.notPulled}`);
  const message = words(pod.said) || `wget ended with ${pod.status}`;
  if (pod.status === 0) return { seen: { open: true, message } };
  if (/server returned error|HTTP\/1|TLS error from peer|alert code/i.test(message))
    return { seen: { open: true, message } };
  if (/bad address|can't resolve/i.test(message)) return { seen: { open: false, message, unresolved: true } };
  const isClosed =
    /can't connect|download timed out|reset by peer|Network is unreachable|No route to host|error getting response/i;
  return isClosed.test(message) ? { seen: { open: false, message } } : failed(message);
}

const failed = (message: string): { unseen: Unseen } => ({ unseen: { because: 'failed', message } });
