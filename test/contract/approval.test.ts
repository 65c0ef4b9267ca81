import { describe, expect, it } from '@jest/globals';
import { approvalCommand, decisionCommand, isSameName } from '../../contract/approval.ts';

describe('the commands that answer a run', () => {
  const workflowId = 'aks/s/my(group)/c';

  it('name a namespace that the CLI would not take by itself', () => {
    expect(decisionCommand({ namespace: 'team.a1b2c', workflowId }, 'h-1', 'retry')).toBe(
      `temporal workflow update execute --namespace team.a1b2c --workflow-id '${workflowId}' --name decide --update-id decide-h-1-retry --input '{"decision":"retry","hold":"h-1"}'`,
    );
  });

  it('name no namespace where it is the usual one', () => {
    expect(approvalCommand({ namespace: 'default', workflowId }, 'w-1', 'delete')).toBe(
      `temporal workflow update execute --workflow-id '${workflowId}' --name approve --update-id approve-w-1 --input '{"gate":"delete","by":"NAME","wait":"w-1"}'`,
    );
  });
});

it.each([
  ['a zero-width space', 'A\u200bda'],
  ['a soft hyphen', 'A\u00adda'],
  ['a byte order mark', '\ufeffAda'],
  ['a variation selector', 'Ada\ufe0f'],
  ['a tag', 'Ada\u{e0041}'],
  ['a filler', 'Ada\u3164'],
  ['wide letters', 'Ａｄａ'],
  ['a no-break space', '\u00a0Ada\u2003'],
])('a name with %s is the same to people', (_what, name) => {
  expect(isSameName(name, 'ada')).toBe(true);
  expect(isSameName(name, 'Adam')).toBe(false);
});

it('names whose words are parted by something else are the same, and those of other words are not', () => {
  expect(isSameName('Ada\nLovelace', 'ada lovelace')).toBe(true);
  expect(isSameName('AdaLovelace', 'ada lovelace')).toBe(false);
});
