-- An event is written twice, by its transaction and by the sequencer. Until it is sequenced nobody looks for it by
-- position, so that those indexes need not hold it before; and whether an update is the sequencer's own is seen without
-- calling a function for every row.
alter table events.event drop constraint event_position_key;
create unique index event_position on events.event (position) where position is not null;
drop index events.event_subject;
create index event_subject on events.event (subject, position) where position is not null;

create or replace function events.guard_event() returns trigger language plpgsql as $$
begin
  raise exception 'event % is already written and cannot change', old.id;
end $$;
drop trigger event_guard on events.event;
create trigger event_guard before update on events.event for each row
  when (old.position is not null
    or (new.id, new.type, new.subject, new.payload, new.occurred_at, new.actor)
      is distinct from (old.id, old.type, old.subject, old.payload, old.occurred_at, old.actor))
  execute function events.guard_event();
