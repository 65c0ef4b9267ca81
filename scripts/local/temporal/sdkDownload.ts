// Run by cliSources.ts in its own process: the SDK only downloads the CLI by starting a server with it,
// its download cannot be aborted, and it would take this process's one Temporal Runtime.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const [downloadDir] = process.argv.slice(2);
if (!downloadDir) throw new Error('Usage: sdkDownload.ts <folder>');
try {
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await environment.teardown();
} catch (error) {
  // The SDK's message repeats the address it asked at each layer; the cause is at its end.
  console.error(error instanceof Error ? error.message.split('): ').at(-1) : error);
  process.exitCode = 1;
}
