export interface RedisBackend {
  readonly name: string;
  readonly howToGetIt: string;
  readonly isOptional?: boolean;
  findProblem(): Promise<unknown>;
  start(): Promise<{ readonly url: string; stop(): Promise<void> }>;
}

export const REDIS_BACKENDS: readonly RedisBackend[] = [];
