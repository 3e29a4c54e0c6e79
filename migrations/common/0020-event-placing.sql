-- Placing an event costs as much as writing it. Nobody looks an event up by its id: what waits for its position has an
-- index of its own, and what has one is found by it. The identity column makes every id once.
alter table events.event drop constraint event_pkey;

-- A trigger before an update locks every row that the update is going to write anyway, and logs that.
drop trigger event_guard on events.event;
create trigger event_guard after update on events.event for each row
  when (old.position is not null
    or (new.id, new.type, new.subject, new.payload, new.occurred_at, new.actor)
      is distinct from (old.id, old.type, old.subject, old.payload, old.occurred_at, old.actor))
  execute function events.guard_event();

-- The chain of hashes, made where the events are: the link before (the first time, that of the log's head) and an
-- event's canonical text give the next link.
create function events.next_link(link bytea, head bytea, canonical text) returns bytea
  language sql immutable parallel safe
  return sha256(coalesce(link, head) || convert_to(canonical, 'UTF8'));
create aggregate events.chain(head bytea, canonical text) (sfunc = events.next_link, stype = bytea);
