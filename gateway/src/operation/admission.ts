import type { Clock } from '@dotmac/platform';
import { GatewayError } from '../errors.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits.ts';
import { Budget, type BudgetState } from './budget.ts';

/** Decides whether an operation may run now: its cost, the budgets of caller and tenant, and how many he runs already. */
export class Admission {
  readonly #limits: Limits;
  readonly #ofCaller: Budget;
  readonly #ofStaff: Budget;
  readonly #ofStranger: Budget;
  readonly #ofTenant: Budget;
  readonly #running = new Map<string, number>();

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#ofCaller = new Budget(limits.callerCostPerMinute, clock);
    this.#ofStaff = new Budget(limits.staffCostPerMinute, clock);
    this.#ofStranger = new Budget(limits.strangerCostPerMinute, clock);
    this.#ofTenant = new Budget(limits.tenantCostPerMinute, clock);
  }

  /**
   * Takes the cost from the budgets of the caller and of his tenant. Null for DotMac's own parts, which have none.
   * @throws GatewayError `COST_LIMIT_EXCEEDED`, `RATE_LIMITED` with the seconds to wait.
   */
  spend(cost: number, { principal }: Caller, address: string): BudgetState | null {
    if (cost > this.#limits.cost) {
      throw new GatewayError(
        'COST_LIMIT_EXCEEDED',
        `The operation costs ${cost}; ${this.#limits.cost} are allowed: ask for smaller pages or fewer levels`,
        { cost, allowed: this.#limits.cost },
      );
    }
    if (principal.kind === 'system') return null;
    const stranger = principal.kind === 'anonymous';
    const own = stranger ? this.#ofStranger : principal.kind === 'user' ? this.#ofStaff : this.#ofCaller;
    const owner = stranger ? address : `${principal.tenantId ?? ''} ${principal.id}`;
    const spent = own.spend(owner, cost);
    if (!spent.ok) throw rateLimited('caller', spent.retryAfterSeconds, spent.state);
    if (principal.tenantId !== null && !stranger) {
      const shared = this.#ofTenant.spend(principal.tenantId, cost);
      if (!shared.ok) {
        own.refund(owner, cost);
        throw rateLimited('tenant', shared.retryAfterSeconds, shared.state);
      }
    }
    return spent.state;
  }

  /** Counts a query or mutation as running until the returned function is called. @throws GatewayError */
  enter({ principal }: Caller): () => void {
    // Strangers share a name; their addresses are counted where they connect.
    if (principal.kind === 'system' || principal.kind === 'anonymous') return () => undefined;
    const owner = `${principal.tenantId ?? ''} ${principal.id}`;
    const running = this.#running.get(owner) ?? 0;
    const { operationsPerPrincipal } = this.#limits;
    if (running >= operationsPerPrincipal) {
      throw new GatewayError('TOO_MANY_OPERATIONS', 'Too many operations run at once: wait for one to end', {
        allowed: operationsPerPrincipal,
      });
    }
    this.#running.set(owner, running + 1);
    return () => {
      const left = (this.#running.get(owner) ?? 1) - 1;
      if (left > 0) this.#running.set(owner, left);
      else this.#running.delete(owner);
    };
  }
}

function rateLimited(
  budget: 'caller' | 'tenant',
  retryAfterSeconds: number,
  state: BudgetState,
): GatewayError {
  const whose = budget === 'caller' ? 'Your budget' : "The tenant's budget";
  return new GatewayError('RATE_LIMITED', `${whose} is spent: come back in ${retryAfterSeconds} s`, {
    budget,
    retryAfterSeconds,
    limit: state.limit,
    remaining: state.remaining,
    resetSeconds: state.resetSeconds,
  });
}
