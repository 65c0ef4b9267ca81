import { z } from 'zod';

/** Microsoft's list of prices, for which nobody signs in. Source: Microsoft Learn, "Azure Retail Prices REST API overview" (2026-11). */
const address = 'https://prices.azure.com/api/retail/prices';

const answer = z.object({
  Items: z.array(
    z.object({ retailPrice: z.number(), unitOfMeasure: z.string(), productName: z.string(), skuName: z.string() }),
  ),
});

/** US dollars that a node costs in an hour in a region, by Microsoft's list now, if that says so in time. */
export async function hourlyPrice(location: string, vmSize: string): Promise<number | 'unknown'> {
  const only = {
    serviceName: 'Virtual Machines',
    priceType: 'Consumption',
    armRegionName: location,
    armSkuName: vmSize,
  };
  const filter = Object.entries(only).map(([name, value]) => `${name} eq '${value}'`);
  try {
    const found = await fetch(`${address}?$filter=${encodeURIComponent(filter.join(' and '))}`, {
      signal: AbortSignal.timeout(5_000),
    });
    return hourlyPriceIn(await found.json());
  } catch {
    return 'unknown';
  }
}

/** The price of an hour under Linux, at any time. */
export function hourlyPriceIn(body: unknown): number | 'unknown' {
  const { data } = answer.safeParse(body);
  const found = data?.Items.find(
    ({ unitOfMeasure, productName, skuName }) =>
      unitOfMeasure === '1 Hour' && !/Windows/i.test(productName) && !/Spot|Low Priority/i.test(skuName),
  );
  return found?.retailPrice ?? 'unknown';
}
