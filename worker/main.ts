if (process.argv.length > 2) {
  process.stderr.write('The worker takes no arguments: its settings are variables, see docs/how-to/run-a-worker.md\n');
  process.exit(process.argv.includes('--help') ? 0 : 1);
}
// All that it needs takes a second to load.
await import('./start.ts');
