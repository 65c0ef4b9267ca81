import type { Check } from '../../contract/index.ts';
import { between, durationText } from '../text/duration.ts';
import { type Purpose, purposes } from './cost.ts';
import type { Evidence } from './evidence.ts';
import type { Span } from './history.ts';
import { activityLogCommand, portalLinks } from './portal.ts';

/** A text with links after it. */
interface LinkedText {
  text: string;
  links: readonly { label: string; href: string }[];
}
/** A cell is empty where an earlier version did not say it. */
export type Cell = string | LinkedText | undefined;
type Tone = 'good' | 'bad' | 'unproven' | 'open';

/** A part of the report, whatever it is written in. */
export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'text'; text: string; tone?: Tone }
  | { kind: 'table'; head: readonly string[]; rows: readonly { cells: readonly Cell[]; tone?: Tone }[] }
  | { kind: 'code'; text: string }
  | { kind: 'timeline'; spans: readonly Span[]; startedAt: string; endedAt: string };

/** The report of a run: what it promised, what was seen, who had a say, and where to look it up. */
export function documentOf(evidence: Evidence, portal: string): Block[] {
  const link = (resourceId: string | undefined): Cell => linked(portal, resourceId, shortId);
  return [
    { kind: 'text', text: headline(evidence), tone: evidence.verdict },
    ...evidence.unread.map(
      (each): Block => ({ kind: 'text', text: `Not seen before the first write: ${each}`, tone: 'unproven' }),
    ),
    facts(evidence, portal),
    ...section('What went wrong', wrong(evidence, link)),
    ...section('Checks', checks(evidence, link)),
    ...section('Proof of the nodes', nodes(evidence)),
    ...section('Timeline', timeline(evidence)),
    ...section('Plan, and what became of it', steps(evidence, link)),
    ...section('Who had a say', acts(evidence)),
    ...section('In Azure', azure(evidence)),
    ...section('What it took', cost(evidence)),
    ...section('Input', [{ kind: 'code', text: jsonText(evidence.input) }]),
    {
      kind: 'text',
      text: `Made from the ${evidence.events} events of the run's history in Temporal, and from nothing else. Identities are what the caller's client said; Temporal has checked only those that are called authenticated.`,
    },
  ];
}

const section = (heading: string, blocks: readonly Block[]): Block[] =>
  blocks.length > 0 ? [{ kind: 'heading', text: heading }, ...blocks] : [];

export const titleOf = ({ scenario, cluster }: Evidence): string => `${scenario}: ${cluster.split('/').at(-1)}`;

function headline({ outcome, checks, unproven }: Evidence): string {
  const met = checks.filter(({ ok }) => ok).length;
  const counted = checks.length > 0 ? `, ${met} of ${checks.length} checks ok` : '';
  const open = unproven.length > 0 ? `, ${unproven.length} not proven` : '';
  return `${outcome.charAt(0).toUpperCase()}${outcome.slice(1)}${counted}${open}.`;
}

function facts(evidence: Evidence, portal: string): Block {
  const { cluster, workflowId, runId, startedAt, endedAt, profile, taskQueue, actsAs } = evidence;
  const rows: [string, Cell | undefined][] = [
    ['Cluster', linked(portal, cluster)],
    ['Workflow ID', workflowId],
    ['Run ID', runId],
    ['Started by', who(evidence.startedBy, evidence.principal)],
    ['Started', startedAt],
    ['Ended', endedAt ?? 'not yet'],
    ['Took', endedAt && durationText(between(startedAt, endedAt))],
    ['Acted in Azure as', actsAs.map(azureIdentity).join('; ') || 'not known'],
    ['Profile', profile],
    ['Task queue', taskQueue],
  ];
  return table(
    ['', ''],
    rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The person behind an act, by what the client said and by what the server knows. */
const who = (identity: string, principal: string | undefined): string =>
  `${identity || 'not known'}${principal === undefined ? '' : `, authenticated as ${principal}`}`;

/** The caller by which Azure's activity log names the writes. */
const azureIdentity = ({ objectId, applicationId, tenantId }: Evidence['actsAs'][number]): string =>
  [
    `object ${objectId}`,
    applicationId !== undefined && `application ${applicationId}`,
    tenantId !== undefined && `tenant ${tenantId}`,
  ]
    .filter(Boolean)
    .join(', ');

const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): Block => ({
  kind: 'table',
  head,
  rows: rows.map((cells) => ({ cells })),
});

function wrong({ failure, problems, leftovers, deleted, untold }: Evidence, link: (id: string) => Cell): Block[] {
  return [
    ...(failure ? [{ kind: 'text', text: failure.message, tone: 'bad' } as const] : []),
    ...(failure?.whatToDo ? [{ kind: 'text', text: `What to do: ${failure.whatToDo}` } as const] : []),
    ...(problems.length > 0
      ? [
          table(
            ['Where', 'Problem', 'What to do'],
            problems.map(({ where, problem, whatToDo }) => [where, problem, whatToDo]),
          ),
        ]
      : []),
    ...leftTable('Remains', leftovers, link),
    ...leftTable('Deleted', deleted, link),
    ...untold.map((each): Block => ({ kind: 'text', text: `Nobody was told: ${each}`, tone: 'bad' })),
  ];
}

function leftTable(head: string, left: Evidence['leftovers'], link: (id: string) => Cell): Block[] {
  if (left.length === 0) return [];
  const rows = left.map(({ resourceId, why, whatToDo }) => [link(resourceId), why, whatToDo]);
  return [table([head, 'Why', 'What to do'], rows)];
}

function checks({ checks }: Evidence, link: (id: string) => Cell): Block[] {
  if (checks.length === 0) return [];
  const rows = checks.map((check) => {
    const { title, expected, seen, evidence = '', resourceId } = check;
    const how = check.verdict === 'unproven' ? check.unproven : evidence;
    return { cells: [verdictText(check), title, expected, seen, how, link(resourceId)], tone: toneOf(check) };
  });
  return [{ kind: 'table', head: ['Verdict', 'Promise', 'Expected', 'Seen', 'How, or why not', 'Resource'], rows }];
}

const verdictText = ({ verdict, accepted }: Check): string =>
  accepted ? `${verdict}, accepted by the input` : verdict;

function toneOf({ verdict, ok }: Check): Tone {
  if (verdict === 'unproven') return 'unproven';
  return ok ? 'good' : 'bad';
}

function nodes({ reimages }: Evidence): Block[] {
  if (reimages.length === 0) return [];
  const rows = reimages.flatMap(({ pool, how, evidence, reimaged, nodes, tried = [] }) => {
    const tone: Tone = reimaged ? 'good' : 'bad';
    const first = { cells: [pool, how, `by ${evidence}`, '', ''], tone };
    const means = tried.map((one) => ({
      cells: ['', one.by, one.seen, '', ''],
      tone: (one.reimaged ? 'good' : 'unproven') as Tone,
    }));
    const each = nodes.map(({ name, before = 'was not there', after, reimaged: done }) => ({
      cells: ['', name, done ? 'reimaged' : 'not reimaged', before, after],
      tone: (done ? 'good' : 'bad') as Tone,
    }));
    return [first, ...means, ...each];
  });
  return [{ kind: 'table', head: ['Pool', 'Node', 'Proof', 'Boot ID before', 'Boot ID after'], rows }];
}

function steps({ steps }: Evidence, link: (id: string | undefined) => Cell): Block[] {
  if (steps.length === 0) return [];
  const rows = steps.map(
    ({ action = '', title = '', reason = '', state = '', startedAt, finishedAt, error, resourceId }) => [
      action,
      title,
      reason,
      error === undefined ? state : `${state}: ${error}`,
      startedAt !== undefined && finishedAt !== undefined ? durationText(between(startedAt, finishedAt)) : '',
      link(resourceId),
    ],
  );
  return [table(['Action', 'Step', 'Why', 'State', 'Took', 'Resource'], rows)];
}

function acts({ startedBy, principal: starter, startedAt, acts, approvals }: Evidence): Block[] {
  const rows = [
    [startedAt, who(startedBy, starter), 'started it', ''],
    ...acts.map(({ at, identity, principal, what, given }) => [
      at,
      who(identity, principal),
      what,
      given === undefined ? '' : textOf(given),
    ]),
  ];
  const approved = approvals.map(({ at, gate, by, note = '' }) => [at, gate, by, note]);
  return [
    table(['When', 'Identity', 'Did', 'With'], rows),
    ...(approved.length > 0 ? [table(['When', 'Approved', 'In the name of', 'Note'], approved)] : []),
  ];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function timeline({ spans, startedAt, endedAt }: Evidence): Block[] {
  if (spans.length === 0) return [];
  const last =
    spans
      .map((span) => span.endedAt ?? span.startedAt)
      .sort()
      .at(-1) ?? startedAt;
  const rows = spans.map(({ title, startedAt: begun, endedAt: ended, state, attempts, error }) => [
    begun,
    ended === undefined ? '' : durationText(between(begun, ended)),
    title,
    [
      state,
      attempts !== undefined && attempts > 1 && `${attempts} attempts`,
      error && [error.type, error.message].filter(Boolean).join(': '),
    ]
      .filter(Boolean)
      .join(', '),
  ]);
  return [
    { kind: 'timeline', spans, startedAt, endedAt: endedAt ?? last },
    table(['Began', 'Took', 'What', 'State'], rows),
  ];
}

function azure({ correlationIds, cluster, startedAt, endedAt }: Evidence): Block[] {
  return [
    {
      kind: 'text',
      text: "Azure's activity log keeps what this run did for 90 days, under these correlation IDs. The first one is the run's own.",
    },
    { kind: 'code', text: correlationIds.map((id) => activityLogCommand(id, cluster, startedAt, endedAt)).join('\n') },
  ];
}

const purposeTexts: Readonly<Record<Purpose, string>> = {
  discovery: 'to look before the first step',
  steps: 'for the steps, and to follow their operations',
  verification: 'to see the end',
};

/** Lists what Temporal bills, and what was asked of Azure. */
function cost({ events, cost: { actions, heartbeats, bytes, requests } }: Evidence): Block[] {
  const ofAzure = purposes.map((purpose) => {
    const { reads, writes } = requests?.[purpose] ?? { reads: 0, writes: 0 };
    return [`Requests to Azure ${purposeTexts[purpose]}`, `${reads} reads, ${writes} writes`];
  });
  return [
    table(
      ['', ''],
      [
        ["Temporal's actions", `${actions}, and about ${heartbeats} heartbeats`],
        ['History', `${events} events, ${Math.ceil(bytes / 1000)} kB`],
        ...(requests ? ofAzure : [['Requests to Azure', 'not told by the version that ran']]),
      ],
    ),
  ];
}

/** Indented JSON in which nothing looks like markup: not every reader of Markdown leaves code alone. */
export const jsonText = (value: unknown): string => (JSON.stringify(value, null, 2) ?? '').replaceAll('<', '\\u003c');

/** A resource ID with its pages in the portal. */
function linked(portal: string, resourceId: string | undefined, textOf = (id: string) => id): Cell {
  const links = portalLinks(portal, resourceId);
  if (!links || resourceId === undefined) return resourceId;
  return {
    text: textOf(resourceId),
    links: [
      { label: 'portal', href: links.resource },
      { label: 'activity log', href: links.activityLog },
    ],
  };
}

/** Type and name, without the names above: tables are narrow, and the links have the rest. */
const shortId = (id: string): string =>
  id
    .split(/\/providers\/[^/]+\//i)
    .at(-1)
    ?.replace(/^\/subscriptions\/[^/]+\//i, '') ?? id;
