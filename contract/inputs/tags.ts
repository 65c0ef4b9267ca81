import { z } from 'zod';
import { markTags } from '../../resources/marks.ts';
import { crossCheck } from './checks.ts';

/**
 * Azure takes 50 tags, but 15 for private DNS zones and their links. AKS gives the cluster's tags to the private zone of its
 * API server and adds one of its own; the product adds three. Sources: Learn, "Use tags to organize your Azure resources";
 * Azure/AKS#3038.
 */
const most = 15 - 1 - Object.keys(markTags).length;

const control = /\p{Cc}/u;

/** Tags for everything that a scenario creates. Source for each limit: Learn, "Use tags to organize your Azure resources". */
export const tags = z
  .record(
    z
      .string()
      .min(1, 'the tag name is empty. Give at least one character.')
      .max(512, 'the tag name is too long. Use at most 512 characters.')
      .regex(/^[^<>%&\\?/]*$/, 'not a tag name. Leave out the characters < > % & \\ ? and /.')
      .refine((name) => !control.test(name), 'a tag name with a control character. Leave it out.')
      .refine((name) => name.trim() === name, 'a tag name with a space at its beginning or end. Leave it out.')
      // Source: REST API, "Tags - Create Or Update".
      .refine(
        (name) => !/^(microsoft|azure|windows)/i.test(name),
        'a tag name that Azure keeps for itself. Use one that does not begin with microsoft, azure or windows.',
      ),
    z
      .string()
      .max(256, 'the tag value is too long. Use at most 256 characters.')
      .refine((value) => !control.test(value), 'a tag value with a control character. Leave it out.'),
  )
  .refine(
    (all) => !Object.keys(all).some((name) => Object.values<string>(markTags).includes(name.toLowerCase())),
    `reserved tag. Leave out ${Object.values(markTags).join(', ')}: they say which run owns a resource.`,
  )
  .check(
    crossCheck(z.record(z.string(), z.unknown()), (all, report) => {
      const names = Object.keys(all);
      if (names.length > most) {
        report([], `too many tags. Use at most ${most}: private DNS zones take 15, and four are added.`);
      }
      const seen = new Set<string>();
      for (const name of names) {
        if (seen.has(name.toLowerCase())) {
          report([name], 'differs from another tag by its case only, which Azure does not tell apart. Remove one.');
        }
        seen.add(name.toLowerCase());
      }
    }),
  )
  .meta({ maxProperties: most, description: 'Tags for everything that is created.' });
