export { RouterosClient } from './client.ts';
