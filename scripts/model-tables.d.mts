/** The page with its tables replaced by those of the models. */
export function updatedPage(text: string): Promise<string>;
