// cliSources.ts runs this in a process of its own: the SDK downloads the CLI only to start a server with it, its download
// cannot be aborted, and it would take the one Temporal Runtime that a process has.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir] = process.argv.slice(2);
if (!downloadDir) throw new Error('Usage: sdkDownload.ts <folder>');
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  // The SDK's message repeats the address at each layer; the cause stands at its end.
  console.error(error instanceof Error ? error.message.split('): ').at(-1) : error);
  process.exitCode = 1;
}
