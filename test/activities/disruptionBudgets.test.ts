import { describe, expect, it } from '@jest/globals';
import { selectorsIn } from '../../activities/disruptionBudgets.ts';

describe("the selector of a budget's pods", () => {
  const selector = (given: object) => selectorsIn(`shop/cart ${JSON.stringify(given)}\n`).get('shop/cart');

  it.each([
    [
      'labels',
      { matchLabels: { app: 'cart', 'app.kubernetes.io/part-of': 'shop' } },
      'app=cart,app.kubernetes.io/part-of=shop',
    ],
    [
      'expressions',
      {
        matchExpressions: [
          { key: 'app', operator: 'In', values: ['a', 'b'] },
          { key: 'tier', operator: 'NotIn', values: ['web'] },
          { key: 'x', operator: 'Exists' },
          { key: 'y', operator: 'DoesNotExist' },
        ],
      },
      'app in (a,b),tier notin (web),x,!y',
    ],
    ['nothing: it means all pods', {}, ''],
  ])('is one of %s', (_what, given, expected) => {
    expect(selector(given)).toBe(expected);
  });

  it.each([
    ['has what no label has', { matchLabels: { app: "cart' ; kubectl delete nodes --all #" } }],
    ['has an unknown operator', { matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] }],
  ])('is not understood where it %s', (_what, given) => {
    expect(selector(given)).toBeUndefined();
  });

  it('is left out of a listing in which it is missing, and the others are there', () => {
    expect([...selectorsIn('a/b \nNo resources found\nshop/cart {"matchLabels":{"app":"cart"}}\n')]).toEqual([
      ['shop/cart', 'app=cart'],
    ]);
  });
});
