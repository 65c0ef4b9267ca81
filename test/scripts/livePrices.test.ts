import { expect, test } from '@jest/globals';
import { hourlyPriceIn } from '../../scripts/live/prices.ts';

const item = (productName: string, skuName: string, retailPrice: number) => ({
  ...{
    productName,
    skuName,
    retailPrice,
    unitOfMeasure: '1 Hour',
    currencyCode: 'USD',
    armSkuName: 'Standard_D4ds_v5',
  },
});

test("a node's price is that of an hour under Linux, whenever it runs", () => {
  const Items = [
    item('Virtual Machines Ddsv5 Series Windows', 'D4ds v5', 0.456),
    item('Virtual Machines Ddsv5 Series', 'D4ds v5 Spot', 0.05),
    item('Virtual Machines Ddsv5 Series', 'D4ds v5', 0.272),
  ];
  expect(hourlyPriceIn({ Items, NextPageLink: null })).toBe(0.272);
});

test.each([[{ Items: [] }], [{ error: 'no' }], [undefined]])('%j says no price', (body) => {
  expect(hourlyPriceIn(body)).toBe('unknown');
});
