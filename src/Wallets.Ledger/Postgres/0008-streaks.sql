-- What has been charged for a streak is found by its id: the charges are ordinary gifts whose detail names it. Other gifts are not in here.
CREATE INDEX entries_streak ON entries ((detail ->> 'streak'), account_id, seq) WHERE kind = 2 AND detail ->> 'streak' IS NOT NULL;
