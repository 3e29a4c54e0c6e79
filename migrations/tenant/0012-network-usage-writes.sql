-- The statement that keeps how far a session is counted has just read that session, locked against others who count; looking
-- it up again for every row costs more than the row. Sessions are closed, never deleted.
alter table network.usage_counted drop constraint usage_counted_session_id_fkey;
