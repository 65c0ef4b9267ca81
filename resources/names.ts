/** Azure's rule for names. Source: Learn, "Naming rules and restrictions for Azure resources". */
export interface NameRule {
  pattern: RegExp;
  longest: number;
  /** For people: what such a name is made of. */
  madeOf: string;
}

/** @param shortest 1 or 2. */
const networkRule = (shortest: 1 | 2, longest: number): NameRule => ({
  pattern: new RegExp(
    shortest === 1 ? `^[a-zA-Z0-9]([-\\w.]{0,${longest - 2}}\\w)?$` : `^[a-zA-Z0-9][-\\w.]{0,${longest - 2}}\\w$`,
  ),
  longest,
  madeOf: `${shortest} to ${longest} letters, digits, hyphens, underscores or dots, beginning with a letter or digit and not ending in a dot or hyphen`,
});

const resourceGroupRule = (longest: number): NameRule => ({
  pattern: new RegExp(`^[-\\w.()]{0,${longest - 1}}[-\\w()]$`),
  longest,
  madeOf: `1 to ${longest} letters, digits, hyphens, underscores, dots or parentheses, not ending in a dot`,
});

export const nameRules = {
  resourceGroup: resourceGroupRule(90),
  // AKS takes fewer characters than Azure. Source: https://aka.ms/aks-naming-rules
  nodeResourceGroup: resourceGroupRule(80),
  cluster: {
    pattern: /^[a-zA-Z0-9]([-\w]{0,61}[a-zA-Z0-9])?$/,
    longest: 63,
    madeOf: '1 to 63 letters, digits, hyphens or underscores, beginning and ending with a letter or digit',
  },
  agentPool: {
    pattern: /^[a-z][a-z0-9]{0,11}$/,
    longest: 12,
    madeOf: '1 to 12 lower-case letters and digits, beginning with a letter',
  },
  identity: {
    pattern: /^[a-zA-Z0-9][-\w]{2,127}$/,
    longest: 128,
    madeOf: '3 to 128 letters, digits, hyphens or underscores, beginning with a letter or digit',
  },
  registry: { pattern: /^[a-zA-Z0-9]{5,50}$/, longest: 50, madeOf: '5 to 50 letters and digits' },
  virtualNetwork: networkRule(2, 64),
  subnet: networkRule(1, 80),
  privateEndpoint: networkRule(2, 64),
  privateEndpointConnection: networkRule(1, 80),
  zoneLink: networkRule(1, 80),
  privateDnsZone: {
    pattern: /^(?=.{1,253}$)[-\w]{1,63}(\.[-\w]{1,63})+$/,
    longest: 253,
    madeOf: '2 or more labels of 1 to 63 letters, digits, hyphens or underscores, with dots between them',
  },
} as const satisfies Record<string, NameRule>;

/** Kinds of names that Azure has a rule for. */
export type Named = keyof typeof nameRules;
