/** A stay of a counted customer: local days [from, to), ISO; `to` is null while he stays. */
export interface Stay {
  readonly customerId: string;
  readonly from: string;
  readonly to: string | null;
}

/** Customers who were first counted in one month, and who of them is left so many months later. */
export interface Cohort {
  /** `2026-11`. */
  readonly month: string;
  readonly customerIds: readonly string[];
  /** By months since: who was counted on the last day of that month, or today in the running one. */
  readonly kept: readonly (readonly string[])[];
}

/** Cohorts by the month of the first count, oldest first, as of a local day (ISO). Pure. */
export function cohortsOf(stays: readonly Stay[], today: string): Cohort[] {
  const byCustomer = Map.groupBy(stays, ({ customerId }) => customerId);
  const firstDays = [...byCustomer].map(([customerId, own]) => ({
    customerId,
    first: own.map(({ from }) => from).toSorted()[0] ?? '',
  }));
  const byMonth = Map.groupBy(
    firstDays.filter(({ first }) => first <= today),
    ({ first }) => first.slice(0, 7),
  );
  return [...byMonth]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([month, members]) => {
      const customerIds = members.map(({ customerId }) => customerId).sort();
      const kept: string[][] = [];
      for (let on = Temporal.PlainYearMonth.from(month); ; on = on.add({ months: 1 })) {
        const last = `${on.toPlainDate({ day: on.daysInMonth })}`;
        const day = last < today ? last : today;
        kept.push(
          customerIds.filter((id) =>
            byCustomer.get(id)?.some(({ from, to }) => from <= day && (to === null || to > day)),
          ),
        );
        if (last >= today) return { month, customerIds, kept };
      }
    });
}
