import { describe, expect, it } from '@jest/globals';
import { approvalCommand, decisionCommand } from '../../contract/approval.ts';

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
