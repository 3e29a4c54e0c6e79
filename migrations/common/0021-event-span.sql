-- The span that an event was told in (W3C Trace Context, parent-id: 16 hexadecimal digits), beside its trace: reactions,
-- and the jobs that they enqueue, go on below it. Null where spans are not recorded.
alter table events.event add column span_id text;
