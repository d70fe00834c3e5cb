/** Which of the server's metrics are measured; docs/reference/metrics.md says what each counts. */

export const names = {
  requests: 'quarterdeck_http_requests_total',
  duration: 'quarterdeck_http_request_duration_seconds',
  inFlight: 'quarterdeck_http_requests_in_flight',
  connections: 'quarterdeck_database_connections',
  build: 'quarterdeck_build_info',
  started: 'process_start_time_seconds',
  cpu: 'process_cpu_seconds_total',
  memory: 'process_resident_memory_bytes',
} as const;

/** Probes and scrapes come every few seconds and are quick: among few requests they would hide that those are slow or fail. */
export const probes: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready', '/metrics']);
