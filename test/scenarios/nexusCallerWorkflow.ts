import { createNexusServiceClient } from '@temporalio/workflow';
import { lookService, scenarioService } from '../../contract/nexus.ts';

/** Another team's workflow, in which the scenario is one step. */
export async function call(endpoint: string, operation: string, given: never): Promise<unknown> {
  const service = operation in scenarioService.operations ? scenarioService : lookService;
  const client = createNexusServiceClient({ service, endpoint });
  return client.executeOperation(operation as never, given);
}
