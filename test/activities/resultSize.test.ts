import { expect, it } from '@jest/globals';
import { withBoundedResults } from '../../activities/arm/resultSize.ts';

const { look } = withBoundedResults({
  look: async (large: number) => ({ small: 1, access: { permissions: 'x'.repeat(large), locks: [] } }),
});

it('a result that Temporal takes is handed on', async () => {
  expect(await look(10)).toEqual({ small: 1, access: { permissions: 'xxxxxxxxxx', locks: [] } });
});

it('a result that Temporal does not take fails with the part that makes it so large', async () => {
  await expect(look(3e6)).rejects.toMatchObject({
    type: 'AnswerTooLarge',
    nonRetryable: true,
    message: expect.stringMatching(/^look found 30000\d\d bytes, of which 3000002 in access\.permissions$/),
  });
});
