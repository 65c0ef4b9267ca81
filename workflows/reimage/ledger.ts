import type { PoolEvidence } from '../../resources/nodes.ts';

/**
 * State of the requests to have a pool reimaged, as far as it is known. `unsent`: none has left, or Azure has refused it. `sent`: one
 * may have arrived, and nobody knows how it ended. `ended`: Azure has taken one and runs none any more, and no node was seen since. `seen`: nodes were.
 */
type Requests = 'unsent' | 'sent' | 'ended' | 'seen';

/** The reimage of a pool in one direction: by the run, or by its undo. */
export interface Reimaging {
  /** The pool before. */
  readonly before: PoolEvidence;
  requests: Requests;
}

export const begun = (before: PoolEvidence): Reimaging => ({ before, requests: 'unsent' });

/** `unknown`: the nodes may be new, and nobody can look. `inVain`: Azure has left them as they are, and would again. */
type Next = 'done' | 'unknown' | 'inVain' | 'send';

/**
 * Decides what follows a look at a pool that this run may have had reimaged: no request is repeated that may have taken effect.
 *
 * @param requests Before the look. @param isUnseen The look has failed, and the nodes may be new.
 */
export function nextOf(requests: Requests, isDone: boolean, isUnseen: boolean): Next {
  if (isDone) return 'done';
  switch (requests) {
    case 'unsent':
      return 'send';
    case 'sent':
    case 'seen':
      return isUnseen ? 'unknown' : 'send';
    case 'ended':
      return isUnseen ? 'unknown' : 'inVain';
  }
}
