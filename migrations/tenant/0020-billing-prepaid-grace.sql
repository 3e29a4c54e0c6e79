-- Days on which a service goes on although its purchase is not covered; they are bought with the next top-up.
alter table billing.prepaid
  add column grace_days integer not null default 0 check (grace_days between 0 and 31),
  -- The day of the purchase that waits for a top-up; null while everything is bought.
  add column unpaid_since date;
