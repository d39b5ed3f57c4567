BEGIN TRANSACTION;
CREATE TABLE crops (
            id INTEGER PRIMARY KEY,
            screenshot_id INTEGER NOT NULL REFERENCES screenshots ON DELETE CASCADE,
            label TEXT NOT NULL,
            number INTEGER NOT NULL,
            file TEXT NOT NULL UNIQUE,
            hash TEXT NOT NULL,
            x_min INTEGER NOT NULL,
            y_min INTEGER NOT NULL,
            x_max INTEGER NOT NULL,
            y_max INTEGER NOT NULL, attributes TEXT NOT NULL DEFAULT '{}', origin TEXT NOT NULL DEFAULT '',
            UNIQUE (label, number)
        ) STRICT;
INSERT INTO "crops" VALUES(1,1,'apple',0,'apple_0000.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',2,3,18,23,'{"far": false, "occluded": 0.25, "view": "front <left> ü"}','garden/shot_00.xml, object 1');
INSERT INTO "crops" VALUES(2,1,'pear',0,'pear_0000.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',32,8,54,33,'{"track": 3}','garden/shot_00.xml, object 2');
INSERT INTO "crops" VALUES(3,2,'stone',0,'stone_0000.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',4,5,20,25,'{}','garden/shot_02.xml, object 1');
INSERT INTO "crops" VALUES(4,2,'apple',1,'apple_0001.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',34,10,56,35,'{}','garden/shot_02.xml, object 2');
INSERT INTO "crops" VALUES(5,3,'pear',1,'pear_0001.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',6,7,22,27,'{}','garden/shot_04.xml, object 1');
INSERT INTO "crops" VALUES(6,3,'apple',2,'apple_0002.png','6e814bb8873c01c9166e1b44213e9f43a834ef0d1ec963b4d26b168638018a63',36,12,58,37,'{}','garden/shot_04.xml, object 2');
INSERT INTO "crops" VALUES(7,4,'pear',2,'pear_0002.png','68e73b912b6395910ff16be98313c745332c365d22d0105ca29f97d1db09e42b',3,4,19,24,'{}','house/shot_01.xml, object 1');
INSERT INTO "crops" VALUES(8,4,'stone',1,'stone_0001.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',33,9,55,34,'{}','house/shot_01.xml, object 2');
INSERT INTO "crops" VALUES(9,5,'apple',3,'apple_0003.png','6e593f1797cd65a1a45acfd7966628e636ab94303ecce27180e8f09fd20e6cd7',5,6,21,26,'{}','house/shot_03.xml, object 1');
INSERT INTO "crops" VALUES(10,5,'stone',2,'stone_0002.png','77f297353feaf0c38f8de4d832e9cd1b7e9af10b5f4342cb3dcb9c6391618ded',35,11,57,36,'{}','house/shot_03.xml, object 2');
INSERT INTO "crops" VALUES(11,6,'stone',3,'stone_0003.png','159219c38810209ac1f88f38bdcc186b55f8748dab7de580f3a418ff0bf8d51f',2,8,18,28,'{}','house/shot_05.xml, object 1');
INSERT INTO "crops" VALUES(12,6,'pear',3,'pear_0003.png','31b928ac99abc83fa50de9ea150fa96103d377073d891a98033f56849fc3b06d',32,13,54,38,'{}','house/shot_05.xml, object 2');
INSERT INTO "crops" VALUES(13,7,'apple',4,'apple_0004.png','a6b88cf6d147f038c36106c52f64d5a47a9fc97ee134d281301c2f996083adfc',0,3,30,40,'{}','house/shot_odd.xml, object 2');
CREATE TABLE extractions (
            id INTEGER PRIMARY KEY,
            counts TEXT NOT NULL,
            findings TEXT NOT NULL
        ) STRICT;
INSERT INTO "extractions" VALUES(1,'{"pictures_read": 7, "pictures_kept": 7, "pictures_skipped": 0, "pictures_unchanged": 0, "objects_read": 14, "objects_kept": 13, "objects_skipped": 1, "crops_new": 13, "crops_removed": 0}','[{"item": "house/shot_odd.xml, object 1", "reason": "the taxonomy knows no label ''plum''.", "remedy": "correct the label, or add it to toonvision.toml", "code": "unknown-label", "objects": 1, "pictures": 0, "files": 0}, {"item": "house/shot_odd.xml, object 2", "reason": "the box left the picture by one pixel; it was clamped", "remedy": "", "code": "clamped", "objects": 0, "pictures": 0, "files": 0}]');
CREATE TABLE label_numbers (
            label TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
INSERT INTO "label_numbers" VALUES('',-1);
INSERT INTO "label_numbers" VALUES('apple',4);
INSERT INTO "label_numbers" VALUES('pear',3);
INSERT INTO "label_numbers" VALUES('stone',3);
CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT;
INSERT INTO "migrations" VALUES('0001_screenshots_crops_splits');
INSERT INTO "migrations" VALUES('0002_crop_attributes');
INSERT INTO "migrations" VALUES('0003_split_files_and_origins');
INSERT INTO "migrations" VALUES('0004_regions');
CREATE TABLE regions (
            id INTEGER PRIMARY KEY,
            screenshot_id INTEGER NOT NULL REFERENCES screenshots ON DELETE CASCADE,
            label TEXT NOT NULL,
            x_min INTEGER NOT NULL,
            y_min INTEGER NOT NULL,
            x_max INTEGER NOT NULL,
            y_max INTEGER NOT NULL,
            origin TEXT NOT NULL,
            attributes TEXT NOT NULL
        ) STRICT;
INSERT INTO "regions" VALUES(1,2,'pear',40,20,60,44,'crowds.json, image 2, object 3','{"iscrowd": true}');
CREATE TABLE screenshots (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            name TEXT NOT NULL,
            context TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            picture_hash TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            UNIQUE (source, name)
        ) STRICT;
INSERT INTO "screenshots" VALUES(1,'screenshots','garden/shot_00.png','garden',64,48,'2232a97accef17b3ee90340483dab020c70b711edb3d003c5b4c994b4673eb6c','000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004872b5afbcec6ca2');
INSERT INTO "screenshots" VALUES(2,'screenshots','garden/shot_02.png','garden',64,48,'00610afe96d4ef2c15b3397d6d42afa06904bce196ef3a3cf0b2d835a1878577','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000bdaffd0f2ea87417');
INSERT INTO "screenshots" VALUES(3,'screenshots','garden/shot_04.png','garden',64,48,'3daaec6cdc41e007e69564cf97188f0c1a4a44cc95da6e01d7950f99c88647bf','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000bfc45ebe75435d22');
INSERT INTO "screenshots" VALUES(4,'screenshots','house/shot_01.png','house',64,48,'4a9f79f697704a980a654e6744727f53eb774c533ace8d9f78fb3ff08882e59c','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000d3a892c4160154e6');
INSERT INTO "screenshots" VALUES(5,'screenshots','house/shot_03.png','house',64,48,'7a48f12ed77140c58beda1b209e9bbec3097b072d2a31ca0e2d632856ce702ca','000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007d9d960ba1820cea');
INSERT INTO "screenshots" VALUES(6,'screenshots','house/shot_05.png','house',64,48,'e75bbce7b6f65c43de97ce102b82bac2a288bfb1b5efea7fd33033419bf128ec','0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000008667dace674ff28');
INSERT INTO "screenshots" VALUES(7,'screenshots','house/shot_odd.png','house',64,48,'11621b9d8e592ee5883cdb6ad2e5fa3b21a30f0cf386c4d127fdfd70a3aa95c9','00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000cb2b328cdd3a3781');
CREATE INDEX crops_by_screenshot ON crops (screenshot_id);
CREATE INDEX regions_by_screenshot ON regions (screenshot_id);
COMMIT;
PRAGMA user_version = 4;
