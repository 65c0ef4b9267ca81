/** Explains a difference between what the Azure CLI and a workflow leave behind. */
export interface Explanation {
  readonly type: RegExp;
  /** Default: `changed`. */
  readonly change?: 'added' | 'removed';
  /** Matches the property's path. Default: any. */
  readonly property?: RegExp;
  readonly why: string;
}

export const explanations: readonly Explanation[] = [
  {
    type: /./,
    property: /^tags|^properties\.metadata/,
    why: 'the product marks what it makes with the workflow that made it, so that only that is ever taken back',
  },
  {
    type: /registries$/,
    property: /^properties\.networkRuleSet/,
    why: 'az sends a rule set beside publicNetworkAccess Disabled, which decides alone',
  },
  {
    type: /features$/,
    property: /^properties\.state/,
    why: 'the script registers both flags at once; the workflow the one that this mode needs',
  },
  {
    type: /subnets$/,
    property: /^properties\.delegations\.0\.(id|name)/,
    why: 'the name of a delegation is free; az numbers them',
  },
];
