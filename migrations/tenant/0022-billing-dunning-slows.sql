-- A campaign may slow services down before it closes them. Speeds are as events carry them (ShapingPayload).
alter table billing.dunning_step drop constraint dunning_step_action_check;
alter table billing.dunning_step
  add constraint dunning_step_action_check check (action in ('reminder', 'secondReminder', 'suspensionNotice', 'slow', 'walledGarden', 'terminate')),
  add column slow_to jsonb,
  add constraint dunning_step_slow_to check ((action = 'slow') = (slow_to is not null));

-- Null: closed, not slowed down.
alter table billing.lock add column slow_to jsonb;
alter table subscribers.service_lock add column slow_to jsonb;

-- What a lock that does not close leaves of the speed, and why: {reason, to, because}. Null: nothing slows it down.
alter table network.access add column slowed jsonb;
drop trigger access_changed on network.access;
create trigger access_changed after update of username, password, mode, locks, shaping, throttle, slowed, override, cap_blocked,
  closed_at, pool_id, static_ipv6_prefix, static_delegated_prefix, simultaneous_sessions, mac_limit, macs, nas_ids, port_ids,
  circuit_ids, kick_oldest, terms, terms_ended
  on network.access for each row execute function network.tell_access_changed();
