import { html } from 'ghtml';
import type { Fault } from './arm/faults.ts';
import { keyOf } from './arm/ids.ts';
import { valueAt } from './arm/json.ts';
import type { Operation } from './arm/operations.ts';
import type { Resource } from './arm/store.ts';
import type { World } from './arm/world.ts';

export interface PageOptions {
  readonly endpoint: string;
  /** Only this resource group. */
  readonly group?: string | undefined;
  /** Shows one resource's body instead of the lists. */
  readonly resource?: string | undefined;
  /** Default true. */
  readonly refresh?: boolean;
}

/** The page stays quick in a world of thousands of clusters. */
const shownResources = 500;
const shownRunning = 50;
const shownEnded = 10;
/** Every world has the same hundreds of entries of these types. */
const hiddenTypes = /^Microsoft\.(Features\/|Resources\/(tenants|subscriptions\/providers))/;

/** The page at `/`: resources, running operations, the last requests, and active faults. */
export function page(world: World, options: PageOptions): string {
  // Without this icon the browser asks ARM for one; that request would be recorded, and could use up a fault.
  const { resource, refresh = true } = options;
  const content =
    resource === undefined
      ? html`!${operations(world)}!${resources(world, options.group)}!${requests(world)}!${faults(world)}`
      : one(world, resource);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
!${refresh && resource === undefined ? '<meta http-equiv="refresh" content="2">' : ''}
<title>Simulated Azure</title>
<style>!${style}</style>
</head>
<body>
<header>
<h1><a href="/">Simulated Azure</a></h1>
<dl>
<div><dt>Endpoint</dt><dd>${options.endpoint}</dd></div>
<div><dt>Edition</dt><dd>${world.edition}</dd></div>
<div><dt>Speed</dt><dd>${world.clock.speed}</dd></div>
<div><dt>Now</dt><dd><time>${world.clock.now().toISOString()}</time></dd></div>
</dl>
</header>
<main>!${content}</main>
</body>
</html>`;
}

function operations(world: World): string {
  const running = world.operations.inFlight().reverse();
  const ended = world.operations.ended(shownEnded);
  const more = running.length - shownRunning;
  const rows = (some: readonly Operation[]) => some.map((operation) => operationRow(world, operation));
  return html`<section aria-labelledby="operations">
<h2 id="operations">Operations in flight</h2>
!${table(['Resource', 'Operation', 'Progress', 'Status'], rows(running.slice(0, shownRunning)), 'Nothing is running.')}
!${more > 0 ? html`<p>${more} older ones are not shown.</p>` : ''}
</section>
<section aria-labelledby="ended">
<h2 id="ended">Ended last</h2>
!${table(['Resource', 'Operation', 'Took', 'Status'], rows(ended), 'None yet.')}
</section>`;
}

function operationRow(world: World, operation: Operation): string {
  const { resourceId, verb, seconds, status, error, endTime, startTime } = operation;
  const elapsed = Math.max(0, Math.floor(((endTime ?? world.clock.now()).getTime() - startTime.getTime()) / 1000));
  const progress =
    endTime === undefined
      ? html`<progress aria-label="${verb} ${shortName(resourceId)}" max="${Math.max(1, seconds)}" value="${Math.min(elapsed, seconds)}"></progress> `
      : '';
  return html`<tr class="${status.toLowerCase()}">
<th scope="row">!${link(resourceId, shortName(resourceId))}</th>
<td>${verb}</td>
<td>!${progress}${endTime === undefined ? `${elapsed} of ${seconds} s` : `${elapsed} s`}</td>
<td>${status}${error ? `: ${error.code} ${error.message}` : ''}</td>
</tr>`;
}

interface Node {
  readonly resource: Resource;
  readonly children: Node[];
}

function resources(world: World, group: string | undefined): string {
  const all = world.store.all().filter(({ type }) => !hiddenTypes.test(type));
  const inGroup = ({ id }: Resource) =>
    group === undefined || `${keyOf(id)}/`.includes(`/resourcegroups/${group.toLowerCase()}/`);
  const left = { count: shownResources };
  const wanted = all.filter(inGroup);
  const tree = html`<ul class="tree">!${nested(wanted).map((node) => branch(node, left))}</ul>`;
  const more = wanted.length - shownResources;
  const groups = all.filter(({ type }) => type === 'Microsoft.Resources/subscriptions/resourceGroups');
  return html`<section aria-labelledby="resources">
<h2 id="resources">Resources</h2>
<p>!${group === undefined ? '' : html`Only in ${group}. <a href="/">All</a> `}!${more > 0 ? html`${more} more are not shown: choose a resource group. ` : ''}${groups.length > 0 ? 'Resource groups: ' : ''}!${groups
    .slice(0, 50)
    .map(({ name }) => html`<a href="/?group=${encodeURIComponent(name)}">${name}</a> `)}</p>
!${wanted.length === 0 ? '<p>None.</p>' : tree}
</section>`;
}

/** The resources as a tree: each stands below the nearest one whose ID its own begins with. */
function nested(all: readonly Resource[]): Node[] {
  const nodes = new Map(all.map((resource) => [keyOf(resource.id), { resource, children: [] } as Node]));
  const roots: Node[] = [];
  for (const [key, node] of nodes) {
    let parent: Node | undefined;
    for (let end = key.lastIndexOf('/'); end > 0 && !parent; end = key.lastIndexOf('/', end - 1))
      parent = nodes.get(key.slice(0, end));
    (parent?.children ?? roots).push(node);
  }
  return roots;
}

function branch({ resource, children }: Node, left: { count: number }): string {
  if (left.count <= 0) return '';
  left.count -= 1;
  const { id, type, name, body } = resource;
  const state = valueAt(body, 'properties.provisioningState') ?? valueAt(body, 'properties.state');
  const displayed = type === 'Microsoft.Resources/subscriptions' ? String(body.displayName) : name;
  const location = typeof body.location === 'string' ? body.location : '';
  return html`<li>!${link(id, displayed)} <span class="type">${type}</span> ${location} !${
    typeof state === 'string' ? html`<span class="state ${state.toLowerCase()}">${state}</span>` : ''
  }!${children.length === 0 ? '' : html`<ul>!${children.map((child) => branch(child, left))}</ul>`}</li>`;
}

function requests(world: World): string {
  return html`<section aria-labelledby="requests">
<h2 id="requests">Last requests</h2>
!${table(
    ['Time', 'Method', 'Path', 'Status'],
    world.recentRequests.toReversed().map(
      ({ time, method, path, status }) => html`<tr class="${(status ?? 500) >= 400 ? 'failed' : ''}">
<td><time>${time.toISOString().slice(11, 23)}</time></td><td>${method}</td><td class="path">${path}</td><td>${status ?? 'no answer'}</td>
</tr>`,
    ),
    'None yet.',
  )}
</section>`;
}

function faults(world: World): string {
  return html`<section aria-labelledby="faults">
<h2 id="faults">Active faults</h2>
!${table(['Requests', 'Hits', 'What they do'], world.faults.list().map(faultRow), 'None.')}
</section>`;
}

function faultRow({
  id: _id,
  seed: _seed,
  seen: _seen,
  method,
  path,
  type,
  hits,
  times,
  after,
  probability,
  ...effect
}: Fault): string {
  const when = [after > 0 ? `after ${after}` : '', probability < 1 ? `with a chance of ${probability}` : ''];
  return html`<tr class="${hits >= times ? 'spent' : ''}">
<td class="path">${[method, type, path, ...when].filter(Boolean).join(' ')}</td>
<td class="count">${hits} of ${times}${hits >= times ? ', used up' : ''}</td>
<td><code>${JSON.stringify(effect)}</code></td>
</tr>`;
}

function one(world: World, id: string): string {
  const resource = world.store.get(id);
  if (!resource) return html`<section><h2>Not there</h2><p>There is no ${id}.</p></section>`;
  return html`<section aria-labelledby="resource">
<h2 id="resource">${resource.name}</h2>
<p class="path">${resource.id}</p>
<pre>${JSON.stringify(resource.body, undefined, 2)}</pre>
</section>`;
}

function table(columns: readonly string[], rows: readonly string[], none: string): string {
  if (rows.length === 0) return html`<p>${none}</p>`;
  return html`<div class="scroll"><table>
<thead><tr>!${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>!${rows}</tbody>
</table></div>`;
}

const link = (id: string, text: string): string => html`<a href="/?resource=${encodeURIComponent(id)}">${text}</a>`;

const shortName = (id: string): string => id.split('/').slice(-2).join('/');

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: light-dark(#555, #aaa); --bad: light-dark(#b3261e, #f2b8b5); --busy: light-dark(#8a5300, #ffb95c); --good: light-dark(#1b6e2c, #8ddb9c); --link: light-dark(#0b57d0, #a8c7fa); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 0 1.25rem 3rem; }
header { align-items: baseline; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: .25rem 2rem; padding: .75rem 0; }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; } h1 a { color: inherit; }
dl { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; } dl div { display: flex; gap: .4rem; } dt, .type, td time { color: var(--dim); } dd { margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid var(--line); padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: top; } thead th { color: var(--dim); font-size: .85rem; font-weight: 600; } tbody th { font-weight: 500; }
.tree, .tree ul { list-style: none; margin: 0; padding-left: 1.25rem; } .tree { padding-left: 0; } .tree ul { border-left: 1px solid var(--line); margin-left: .3rem; padding-left: .9rem; } .type { font-size: .85rem; }
.state { background: var(--soft); border-radius: 1rem; font-size: .8rem; padding: .05rem .55rem; } .succeeded, .registered { color: var(--good); } .failed, .canceled { color: var(--bad); } .state.failed, .state.canceled { background: var(--bad); color: light-dark(#fff, #3b0907); font-weight: 600; } .spent { color: var(--dim); } .creating, .updating, .deleting, .inprogress, .registering, .upgradingnodeimageversion { color: var(--busy); } tr.succeeded, tr.inprogress { color: inherit; }
td.path { min-width: 15rem; word-break: break-all; } .tree { overflow-wrap: anywhere; } .count { white-space: nowrap; } .path { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere; } pre { background: var(--soft); border-radius: .5rem; overflow-x: auto; padding: 1rem; } progress { accent-color: var(--link); width: 9rem; }
`;
