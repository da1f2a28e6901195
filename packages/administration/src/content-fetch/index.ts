// Files of updates: fetched by the server or by hand, forecast, and removed once nothing needs them.
export { type FetchedContent, type FetchProgress, fetchContent } from './fetch-content.ts';
export { type ContentForecast, filesOfUpdates, forecastContent, purgeContent } from './forecast.ts';
export { healContent } from './heal.ts';
