/** The name of a region: Azure takes display names too, and may show them. `West Europe` is `westeurope`. */
export const regionOf = (location: string): string => location.toLowerCase().replaceAll(' ', '');
