/** Regions of the simulated cloud: name and display name. */
export const regions: ReadonlyMap<string, string> = new Map([
  ['eastus', 'East US'],
  ['eastus2', 'East US 2'],
  ['westus2', 'West US 2'],
  ['westcentralus', 'West Central US'],
  ['eastus2euap', 'East US 2 EUAP'],
  ['northeurope', 'North Europe'],
  ['westeurope', 'West Europe'],
  ['swedencentral', 'Sweden Central'],
  ['germanywestcentral', 'Germany West Central'],
  ['uksouth', 'UK South'],
  ['southeastasia', 'Southeast Asia'],
]);

/** ARM takes display names too: `West Europe` is `westeurope`. */
export function normalLocation(location: string): string {
  return location.replaceAll(' ', '').toLowerCase();
}
