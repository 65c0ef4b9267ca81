import { startSimulator } from './index.ts';
import { type SimulatorCommand, simulatorCommand } from './options.ts';

const options = simulatorCommand().parse().opts<SimulatorCommand>();

try {
  const simulator = await startSimulator({
    port: options.port,
    speed: options.speed,
    edition: options.edition,
    ...(options.azure !== undefined && { azure: options.azure }),
    ...(options.faults !== undefined && { faults: options.faults }),
    ...(options.record !== undefined && { recordFile: options.record }),
    ...(options.caFile !== undefined && { caFile: options.caFile }),
  });
  console.log(`ARM endpoint: ${simulator.endpoint}`);
  console.log(`Token endpoint: ${simulator.tokenEndpoint}`);
  console.log(`CA file: ${simulator.caFile}`);
  const stop = () => void simulator.close();
  process.once('SIGINT', stop).once('SIGTERM', stop);
} catch (error) {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const message = error instanceof Error ? error.message : String(error);
  console.error(`simulator: ${taken ? `port ${options.port} is already in use` : message}`);
  process.exitCode = 1;
}
