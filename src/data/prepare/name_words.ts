// Word lists that tell names from other words with a capital. They hold given and family names from around the world, given names
// that are also words or places, and words that no name holds. Chosen and written here; small letters, by region.

const words = (...lists: string[]): ReadonlySet<string> => new Set(lists.flatMap((list) => list.split(/\s+/)))

/** Given names. */
export const FIRST_NAMES = words(
  // English
  `aaron abigail adam adrian agnes alan albert alex alexander alexandra alexis alfred alice alison allison amanda amelia amy
    andrea andrew angela ann anna anne anthony arthur ashley audrey barbara beatrice ben benjamin bernard beth betty beverly
    bob bobby brandon brenda brian bridget bruce bryan caleb cameron carl caroline carolyn catherine charles charlie chloe
    chris christina christine christopher claire clara claudia colin connor craig cynthia daniel danielle david deborah denise
    dennis diana diane donald donna dorothy douglas dylan edgar edith edward edwin eleanor elizabeth ella ellen emily emma
    eric erin ethan eugene evan evelyn felix fiona frances francis fred frederick gabriel gareth gary gavin geoffrey george
    gerald gilbert gloria gordon graham greg gregory hannah harold harriet harry heather helen henry holly howard hugh ian
    irene isaac isabel isabella isabelle jacob jake james jamie jane janet janice jared jason jean jeff jeffrey jennifer jenny
    jeremy jerome jesse jessica jill jim jimmy joan joanna joe joel john johnny jonathan joseph josh joshua joyce judith judy
    julia julian julie justin karen kate katherine kathleen kathryn katie keith kelly kenneth kevin kimberly kyle larry laura
    lauren lawrence leah leo leonard leslie lewis liam linda lisa logan louis louise lucas lucy luke lynn malcolm margaret
    maria marie marilyn marion martha martin mary matt matthew maureen megan melissa michael michelle mike mildred monica
    nancy naomi natalie nathan nathaniel neil nicholas nicola nicole noah nora norman olivia oliver oscar owen pamela patricia
    patrick paul paula peter philip phillip phoebe rachel ralph raymond rebecca richard robert robin rodney roger ronald rory
    rosemary roy russell ruth ryan sally sam samantha samuel sandra sara sarah scott sean sebastian sharon sheila shirley
    simon sophia sophie stacy stanley stella stephanie stephen steve steven stewart stuart susan suzanne sylvia tara teresa
    terry theodore theresa thomas tim timothy tina todd tom tommy tony tracy trevor tyler valerie vanessa vera vernon veronica
    vincent vivian walter wanda warren wayne wendy wilfred william zachary zoe siobhan niamh aoife ciaran eoin saoirse declan
    padraig rhys gwen dafydd hamish ewan isla`,
  // Given names that are words, too: see ORDINARY
  `will may mark rose grace hope bill frank jack rob drew pat art chase summer autumn christian harmony melody faith charity
    joy sandy ruby crystal amber victor ivy iris penny max dean earl dawn viola violet daisy lily olive pearl jade ginger
    hazel heather holly april june august rich dick nick jordan paris florence sydney chelsea virginia georgia victoria
    carolina dallas austin brooklyn madison charlotte savannah lincoln grant lance miles wade clay cliff dale glen heath
    hunter mason miller cooper carter parker taylor skip chuck gene guy ray rex rusty stern ernest angel jesus eve destiny
    trinity patience prudence mercy constance`,
  // German, Dutch, Nordic
  `andreas anja anke annette anton axel bernd birgit björn brigitte christoph claus dieter dirk dominik elke erik ernst eva
    florian franz frieda fritz gerd gerhard gisela greta günter günther hans heike heiko heinrich heinz helga helmut herbert
    hermann holger horst ingrid jana jan jens joachim jochen johann johanna johannes jonas jörg josef julius jürgen jutta
    karin karl karsten katharina katja klaus konrad kristin kurt lars lena leonie lina lotte lukas manfred manuel marc marcel
    marco mareike marlene marcus markus marta matthias max maximilian mia michaela moritz nadine niklas nils norbert olaf otto
    petra philipp pia rainer ralf reinhard renate rolf rudolf sabine silke sonja stefan steffen susanne sven tanja thorsten
    till tobias torsten udo ulrich ulrike ursula ute uwe volker werner wilhelm wolfgang ludwig anneke bram daan femke geert
    hendrik henk inge jaap jeroen joost joris kees koen lieke maarten marieke pieter ruud saskia sander sanne thijs willem
    wouter anders astrid birgitta bjørn elin emil freja frida gunnar gustav håkan hanne harald henrik ida ingeborg jesper
    johan kari kirsten kjell knut kristian lasse leif linnea magnus maja mats mette mikkel morten niels nina olav ole per
    rasmus sigrid signe sigurd siv solveig søren sören stig svein torbjörn trine ulla viggo aino eero ilmari jukka juha kaisa
    mikko outi paavo pekka sanna tapio timo tuomas ville guðrún jón`,
  // French, Spanish, Portuguese, Italian, Romanian
  `adèle alain amélie amandine antoine aurélie baptiste benoît bernadette camille cécile céline chantal chloé christophe
    claude clémence clément corinne damien delphine didier dominique élise élodie émile émilie éric estelle étienne fabien
    fabrice florent françois françoise gaël geneviève gérard gilles guillaume guy hélène henri hervé hugo inès jacqueline
    jacques jérôme joël josé julien juliette laurence laurent léa léo loïc louane luc lucie manon marcelle margaux marguerite
    mathieu mathilde maxime michèle monique muriel nathalie nicolas noé océane odile olivier pascal patrice philippe pierre
    quentin rémi rémy renée romain sébastien serge solène stéphane sylvain sylvie théo thérèse thierry thibault valentin
    valérie véronique xavier yann yves yvette yvonne adriana alberto alejandra alejandro alfonso álvaro ana andrés ángela
    antonio armando arturo beatriz belén benito bruno camila carla carlos carmen carmela catalina cecilia césar consuelo
    cristina cristóbal diego dolores eduardo elena emilia emilio enrique ernesto esteban eugenia federico felipe fernanda
    fernando francisca francisco gabriela gonzalo guadalupe guillermo gustavo héctor hernán ignacio inés isabel ismael iván
    javier joaquín jorge josefina juan juana julio laura leticia lorena lourdes lucía luis luisa luz magdalena manuela marcela
    marcos margarita mariana mario marisol martín mateo matías mercedes miguel mónica nicolás pablo paco patricio paz pedro
    pilar rafael ramón raquel raúl ricardo roberto rocío rodrigo rosa rosario rubén salvador santiago sergio silvia sofía
    sofia soledad tomás valentina vicente ximena xochitl yolanda joão josé mateus thiago tiago vitória rui nuno inês catarina
    gonçalo afonso luana rafaela larissa letícia lúcia mateus paulo alessandra alessandro alessia andrea angelo antonella
    beppe bianca carlo caterina chiara cinzia davide elisabetta enrico enzo fabio federica filippo francesca francesco franco
    gaetano giacomo gianluca gianni giorgia giorgio giovanna giovanni giulia giulio giuseppe guido ilaria jacopo lorenzo luca
    lucia luigi marcello martina massimo matteo michela michele nicolò paola paolo piero pietro riccardo roberta rosanna
    salvatore sara silvio simona simone stefania stefano tommaso umberto valeria vittorio adrian alina andrei bogdan cosmin
    cristian daniela dumitru florin gheorghe ioana ion ionuț mihai mihaela radu ștefan vlad`,
  // Slavic, Baltic, Greek, Hungarian, Turkish, Caucasus, Central Asia
  `agnieszka aleksander aleksandra aleksandr aleksei alena alexei anastasia andrej andrzej anatoly arkady artem barbora beata
    bogdan bojan boris bożena branko czesław damian danuta daria darya denis dmitri dmitry dragan dušan edyta ekaterina
    elżbieta ewa filip galina goran grażyna grigori grzegorz halina igor iryna irina ivan ivana jadwiga jakub janusz jarosław
    jaroslav jelena jerzy jiří joanna jovana justyna kamil karol katarzyna kateřina kinga kirill konstantin krystyna krzysztof
    ksenia larisa lev lidia ludmila lyudmila łukasz maciej małgorzata marcin marek mariusz mateusz maxim michał mikhail milan
    milena milica miroslav monika nadia nadezhda natalia natasha nataliya nikita nikola nikolai oksana oleg oleksandr olena
    olga ondřej pavel paweł petr piotr radek radoslav roman rostislav ruslan ryszard sergei sergey slobodan snežana stanislav
    stanisław svetlana sławomir taras tatiana tatyana tomasz tomáš urszula vadim valentyna vasily věra vesna viktor viktoria
    vladimir vladislav volodymyr vojtěch wiesław witold wojciech yana yaroslav yevgeny yulia yuri zbigniew zdeněk zofia zoran
    zuzana žarko alexandros andreas christos dimitris dimitra eleni georgios giorgos ioannis katerina kostas maria nikos
    panagiotis spyros stavros vasiliki yannis ádám attila balázs bence csaba dóra erzsébet eszter ferenc gábor gergely györgy
    ildikó istván jános katalin lászló miklós péter réka sándor tamás zoltán zsófia zsuzsa ahmet ali ayşe aylin barış burak
    can cem deniz ebru elif emine emre eren esra fatma gül hakan hasan hatice hüseyin kemal mehmet merve murat mustafa orhan
    osman özge özlem selim selin serkan sibel tuğba ufuk yasemin yusuf zeynep aram anahit armen davit giorgi levan nino nana
    tamar aibek aigerim nursultan timur ulugbek`,
  // Arabic, Persian, Hebrew, South Asian
  `abdul abdullah abdulrahman abdelkader abu adel adnan ahmad ahmed aisha akram amal amina amir amira anwar asma ayesha aziz
    bashir bilal dalia farah farid faris fatima fatimah faisal ghada habib hadi hafsa hala halima hamid hamza hanan hani hasan
    hassan hiba huda hussein hussain ibrahim iman imran ismail jamal jamila kareem karim khadija khaled khalid laila layla
    leila lina mahmoud malak mansour mariam maryam mohamed mohammad mohammed muhammad mona muna mustafa nabil nada nadia naima
    nasser noor nour omar osama rabia rana rania rashid reem sabah saeed said salah salem salim salma samar samir samira sana
    sara tariq tarek umar wafa waleed walid yasmin yasmine yasser youssef yusuf zahra zainab zaid zayd ziad zuhair ali reza
    arash ardeshir azadeh babak bahram behrouz cyrus dariush farhad fereshteh kaveh kianoush maryam mehdi mina mitra mohsen
    nasrin niloofar omid parisa parvin roya shahram shirin siavash soraya avi avraham chaim dov efraim eitan eliezer gideon
    hadas itai menachem miriam moshe noa ofer orly rivka shira shlomo shoshana tamar tzipi uri yael yaakov yitzhak yosef aarav
    aarti abhishek aditi aditya ajay akash akshay amit amitabh anand ananya anil anita anjali ankit ankita anushka aparna
    arjun arun arvind asha ashok ashwin bharat bhavna chandra deepa deepak deepika devi dinesh divya gaurav gayatri geeta
    girish gopal harish hari indira ishaan jaya jyoti kamala kapil karan kavita kiran krishna kumar lakshmi lalita madhav
    madhu mahesh manish manoj meena meera mohan mukesh nandini naveen neha nikhil nisha nitin padma pankaj pooja prakash
    pranav prasad preeti priya priyanka radha rahul raj rajesh rajiv rakesh ramesh rani ravi rekha riya rohan rohit sachin
    sandeep sangeeta sanjay sanjeev santosh sarita saurabh savita seema shankar shanti shashi shilpa shreya shruti shweta
    siddharth sita sneha sonal sonia subhash sudhir sumit sunil sunita suresh sushma swati tanvi uday uma usha varun vidya
    vijay vikas vikram vinay vinod vishal vivek yash farhana nasreen nusrat rubina shabnam sharmila tahmina tasnim zara arif
    asif danish fahad faizan farooq haris irfan junaid kashif naveed nadeem rizwan saad saima sajid shahid shazia sohail usman
    waqar zeeshan chaminda dilshan kumari nimal ruwan tharanga`,
  // East and South-East Asia, the Pacific
  `akiko akira aiko asuka ayumi chiyo daisuke emiko fumiko goro haruka haruki haruto hana hideki hideo hinata hiro hiroko
    hiroshi hiroki ichiro isamu kaito kaori katsuo kazuki kazuo keiko kenji kenta kenzo kiyoshi kumiko makoto mariko masako
    masao michiko midori mika miki minoru misaki miyuki naoki naoko natsuki noriko reiko ren rie ryo ryota sachiko sakura
    satoshi satsuki shigeru shinji shiro shota sota sumiko susumu tadashi takashi takeshi takumi taro tatsuya tetsuya tomoko
    toshiro tsubasa yasuko yoko yoshiko yui yuka yuki yukiko yumi yusuke yuto bao bin chang cheng chun dong fang feng gang
    guang guo hai hao hong hua hui jian jiang jie jin jing jun kai lan lei li lian liang lin ling long mei meng min ming na
    ning peng ping qiang qing rong rui shan shu tao ting wei wen xia xiang xiao xin xiu xue yan yang yi ying yong yu yuan yue
    yun zhen zhi zhong minh thuy tuan hung huong linh lan mai nga ngoc nhung phuong quang son tam thanh thao trang trung tuyet
    van anh binh dung duc giang hoa khanh minsu minjun jiwoo jiho seoyeon seojun hyun jihoon sunhee youngsoo eunji yejin
    hyejin soojin sungmin agus arif ayu bambang budi dewi dian eko endang fitri hendra indah joko ketut kadek lestari made
    nyoman putri putu ratna rina rizky siti slamet sri sukarno sulastri suharto susilo tri wahyu wayan yanti aziz azlan farah
    hafiz nurul siti zul amihan bayani danilo isagani jejomar ligaya rodel rowena malee niran ploy prasert somchai somsak suda
    thaksin aung khin kyaw thida zaw bounmy sokha sopheap vanna aroha hinemoa kahu mere rangi tane tama wiremu leilani kailani
    keanu makoa sione mele losa`,
  // Africa
  `abena abimbola abiodun adaeze ade adebayo adeola adunni akosua akua ama amara aminata amadou awa ayodele babatunde balogun
    bongani busisiwe chiamaka chidi chidinma chike chimamanda chinedu chioma chinwe efua ekow emeka esi eshe fatou fatoumata
    folake funmilayo gugu ibrahima ifeoma ike imani jabulani jelani juma kagiso kamau kgomotso kofi kojo kwabena kwadwo kwaku
    kwame kwasi lerato lindiwe lwazi makena mamadou mandla mariama mbali moussa mpho mumbua mwangi naledi ndidi neema ngozi
    nia njeri nkechi nkosana nneka nomsa nomvula nosipho ntombi nyambura obi obinna oluwaseun olumide oluwatobi omolara
    ousmane palesa rehema sekou seydou sibusiso simba sipho siphiwe tadesse tafari tariro tendai thabo thandeka thandi
    thandiwe themba tinashe tumelo tunde uche ugochi wairimu wanjiru yaa yaw yewande zanele zola zuberi abebe almaz dawit
    haile hiwot kidist meseret mulugeta selam tigist yonas abdi asha faduma hodan khadra mahad warsame amani baraka furaha
    jabari zawadi koffi kouassi adama aïcha cheikh modou ndeye`,
)

/** Family names. */
export const SURNAMES = words(
  `adams allen anderson andrews armstrong bailey baker barnes bell bennett brooks brown bryant butler campbell carter chapman
    clark clarke cole coleman collins cook cooper cox crawford cruz cunningham davies davis diaz dixon doyle edwards ellis
    evans ferguson fisher flynn foster fox gibson gordon graham grant gray green griffin hall hamilton harris harrison hart
    harvey henderson hill holmes howard hudson hughes hunt hunter jackson jenkins johnson jones jordan kelly kennedy king
    knight lawson lee lewis lloyd long macdonald marshall martin mason matthews mcdonald mckenzie miller mills mitchell moore
    morgan morris morrison murphy murray myers nelson newton nichols norman owen owens palmer parker patterson pearson perkins
    perry peterson phillips pierce porter powell price quinn ramsey reed reid reynolds rice richards richardson riley roberts
    robertson robinson rogers rose ross russell ryan sanders saunders scott shaw simmons simpson smith spencer stephens
    stevens stewart stone sullivan sutherland taylor thomas thompson tucker turner wagner walker wallace walsh ward warren
    washington watkins watson webb wells west wheeler white wilkinson williams williamson willis wilson wood woods wright
    young o'brien o'connor o'neill o'sullivan o'reilly byrne mccarthy macleod`,
  `ackermann albrecht bauer baumann beck becker berger bergmann böhm brandt braun busch dietrich engel ernst fischer frank
    franke friedrich fuchs graf groß günther haas hahn hartmann heinrich herrmann hoffmann hofmann horn huber jung jäger
    kaiser keller klein koch köhler kowalski kraus krause krüger kühn kuhn lang lange lehmann lorenz ludwig maier mayer meier
    meyer möller müller neumann otto peters pfeiffer pohl richter roth sauer schäfer schmid schmidt schmitt schmitz schneider
    scholz schreiber schröder schubert schulte schultz schulz schumacher schuster schwarz seidel simon sommer stein thomas
    vogel vogt voigt wagner walter weber weiß werner winkler winter wolf wolff ziegler zimmermann bakker bos dekker dijkstra
    hendriks jansen janssen kok meijer mulder peeters smit vermeulen visser vries andersen andersson berg bergström carlsson
    christensen dahl eriksen eriksson gustafsson hansen hansson holm jacobsen jensen johansen johansson johnsson jonsson
    jørgensen karlsson kristensen larsen larsson lindberg lindström lund madsen nielsen nilsen nilsson olsen olsson pedersen
    persson petersen rasmussen sørensen svensson thomsen korhonen laine mäkinen nieminen virtanen`,
  `bernard bertrand blanc bonnet boyer chevalier david dubois dufour dupont dupuis durand faure fontaine fournier garnier
    gauthier gautier girard guérin henry lambert laurent lefebvre lefèvre legrand lemaire leroy mathieu mercier meunier michel
    moreau morel morin noël perrin petit renard richard rivière robert robin rousseau roussel roux simon vincent aguilar
    alonso alvarez álvarez blanco cabrera calderón campos cano castillo castro chávez contreras cortés cruz delgado díaz
    domínguez espinoza fernández flores fuentes gallego garcía garcia garrido gil gimenez gómez gomez gonzález gonzalez
    guerrero gutiérrez hernández hernandez herrera ibáñez iglesias jiménez león lópez lopez lozano marín márquez martín
    martínez martinez medina méndez mendoza molina mora morales moreno muñoz navarro núñez ortega ortiz peña pérez perez
    prieto ramírez ramirez ramos reyes ríos rivera rodríguez rodriguez rojas romero rubio ruiz sáez salazar sánchez sanchez
    santana santiago santos sanz serrano silva soto suárez torres vargas vásquez vázquez vega velasco vidal almeida alves
    araújo barbosa cardoso carvalho costa dias fernandes ferreira gomes gonçalves lima lopes marques martins mendes moreira
    nunes oliveira pereira pinto ribeiro rocha rodrigues sousa souza teixeira bianchi bruno caruso colombo conti costa
    esposito ferrari ferrara fontana galli gallo giordano greco lombardi longo mancini mariani marino moretti ricci rinaldi
    rizzo romano rossi russo santoro villa vitale ionescu popescu popa`,
  `babić baran dvořák horvat ivanov ivanova jovanović kaminski kovač kovačević kovács kowalczyk kowalska kozak kozłowski
    kravchenko krawczyk kučera kuznetsov kuznetsova lebedev lewandowski marković melnyk morozov nagy nikolić novák novak
    nováková nowak orlov pavlov petrov petrova petrović popov popova procházka shevchenko smirnov sokolov svoboda szabó
    tkachenko tóth varga volkov wiśniewski wójcik zieliński papadopoulos georgiou aydın çelik demir doğan kaya koç öztürk
    şahin yıldız yıldırım yilmaz yılmaz`,
  `abbas abdi agarwal ahmad ahmed akhtar al-farsi ali ansari aziz banerjee begum bhatt bose chatterjee chaudhary chopra
    chowdhury das desai dutta fernando gandhi ghosh gill gupta haddad hashemi hosseini hussain iqbal iyer jain javed jha joshi
    kapoor karimi kaur khan khanna kohli krishnan kulkarni kumar malhotra malik mehta menon mirza mishra mohammadi mukherjee
    nair naidu nasser pandey patel perera pillai rahman rao rashid reddy roy saha saleh sen sethi shah shaikh sharma sheikh
    shetty siddiqui silva singh sinha srinivasan tahir thakur trivedi varma verma yadav zaman cohen friedman goldberg
    goldstein katz levi levy mizrahi peretz rosenberg shapiro`,
  `abe arai endo fujii fujita fukuda goto hara hasegawa hashimoto hayashi honda inoue ishii ishikawa ito kato kimura
    kobayashi kondo maeda matsumoto miura mori murakami nakagawa nakajima nakamura nakano nishimura ogawa okada ono saito
    sakai sakamoto sasaki sato shibata shimizu suzuki takahashi takeda tanaka ueda wada watanabe yamada yamaguchi yamamoto
    yamasaki yamashita yoshida bai cai chan chang chen cheng cheung chow deng fan feng gao guo han he ho hsu hu huang jiang
    kwan lai lam lau leung li liang liao lim lin liu lu luo ma ng pan peng qian shen song sun tan tang tian tsai wang wong wu
    xie xu yan yang yao ye yeung yin yu yuan zeng zhang zhao zheng zhou zhu bui dang dinh doan duong hoang huynh ngo nguyen
    nguyễn pham phan tran trinh vo vu bae baek cha cho choi chung hwang jang jeon jeong jung kang kim kwon lee lim moon nam
    noh oh park ryu seo shin yoon reyes bautista dela garcia mendoza santos hidayat kusuma lestari nugroho pratama purnomo
    rahayu santoso saputra setiawan sutanto wibowo wijaya`,
  `abubakar achebe addo adeyemi adichie afolabi agyeman akintola appiah asante ayodele balogun bello boateng botha chukwu
    danso dlamini diallo diop du ekwueme eze fofana gebre hassan jallow kamara kariuki keita khumalo kimani kiplagat koroma
    mahlangu mandela mbeki mensah mokoena molefe moyo mthembu mutua mwangi naidoo ndiaye ndlovu nkosi nkrumah nyambura obi
    ochieng odhiambo ogunleye okafor okeke okonkwo okoye oladipo olawale osei otieno owusu phiri sall sesay sithole sow tembo
    tesfaye touré traoré waweru wanjiru yeboah zulu zuma coetzee jacobs naude venter pretorius`,
)

/** First names that are ordinary words, months or places as well: they count with a reason only. */
export const ORDINARY = words(
  `ado amber angel any arch art ash august axe bald bale bank bar barb barn baron base bat bay bear bell bent berry bill
    birch bird bliss blithe bo bond bone boot bowie boy brand brandy brew bride brig brit brook brooks buck bud camel car care
    carry cart case cash chance chariot charity chase cherish cherry chick chip cinnamon clay cob con cooper coral cord court
    craggy cross crystal dale dan dare dawn de deck den deny dew don drew duff duke dun dusty early ebony eddy else em eve
    even fair faith fan fancy far fee felicity fidelity field fields fin flint foster frank free gale gates gay gill ginger
    glad glen glory grace grant griffin grove gun had hall ham happy hardy harmony harp hasty haven haze hazel heath hill
    honey hope hunt hunter itch ivory jack jewel job joy keen kin king lance land law lay lee lily link lion liv lock lucky
    mace man marge mark marline marsh marshal mason maxim may mercy merrily merry mile miles mill miller miner minor misty
    moss my nap noble north olive opal pace page pail pall palm pat pate patience pearl peg pen penny perry pier pierce pooh
    port porter price prince puff quill ram ray read red reg regina rex rich ring rip rob rock rocky rod rosy rose row royal
    ruddy rusty saw say see serene shadow shell shepherd si skip skipper sky sly spike star stern steward storm stormy sunny
    sunshine tally temple terra tore town trace trip vale van velvet wade wait waiter wake wash wat way wells west whit will
    willow wilt windy wit witty wood woody worth worthy yard`,
  `academy almond alpha amen anchor answer apple archer arrow aurora autumn basil beau best bishop blaze blue bow brown
    bright bridge brush bubble bunny candy canon cannon carol case cat cedar chancy chapel check christ christian christmas
    cliff clove cloud cookie cotton couch cricket curry daisy dash date day days dean deacon delta destiny diamond dick doc
    dolly dot dove dream driver earl earth east easter echo ella email ember empire era essence eternity ever fable fate
    feather fern fiesta fire fleet flower forest fortune fox friend friday frost future garnet gem gene genie general genesis
    glow gold golden good goose gray green guy handy harbor harvest hero history holiday holly honest honor house hunger hush
    ice indigo infinity iris iron ivy jade jasmine jay jazz jet jim journey judge june july jungle junior justice kid kind kit
    knight lake lane lark laurel lavender lark legend lemon level liberty life light lilac line linen little long lord lotus
    love lovely loyal lumen lux lyric magic magnolia major maple march marble marine marshall master max meadow melody memory
    mist moon more morning much music mystery mystic navy near new nova now ocean only orchid orion page park passion pat paw
    peace peach peak pepper petal petunia phoenix pin pine pink piper pip poet polly poppy power precious present pride
    princess promise prosper prudence purity quick rain raven reason rebel reed reef rhyme right rise river road robin rocket
    roman rose rosemary ruby rush rust sable sage saint sandy satin scarlet scout season secret senior september serenity
    seven shade shine short silver sincere sister skip slim smart snow so song sonnet south spirit spring squire stone strong
    style sugar summer sun sunday sweet sword tab tad tan tawny tea teal tempest ten thunder tiger timber time topaz trinity
    true trust tuesday turner unique valley vanity verb verity victory viola violet virtue vision wave wednesday wild willing
    win winner winter wise wolf wonder world wren young zen zero zest even ever an as at be by do go he if in is it me no of
    on or to up us we ok am are was were has have can could should would not but and the for with this that these those some
    all each both one two three four five six her him his its our your their she they you`,
  `ford paris london florence sydney dallas chelsea victoria virginia georgia carolina jordan israel india china austin brooklyn
    madison charlotte kenya asia america vienna verona siena savannah cheyenne dakota montana alexandria adelaide santiago
    lincoln houston denver troy holland ireland france germany milan roma rome boston jackson kent devon eden salem berlin
    lorraine brittany chad cuba catalonia aspen camden carson cairo dublin geneva hamilton kingston london lyon nevada odessa
    orlando persia petra raleigh rio sahara somerset tennessee texas tripoli valencia venice york england scotland wales
    brazil canada spain italy japan korea mexico egypt russia poland turkey africa europe arabia capri cordoba granada sienna
    delhi lima malaga manila lourdes mercedes portia tesla siri alexa linus java ruby perl ada julia swift kotlin april
    june august`,
  `dolores consuelo rosario pilar paz sol mar rio esperanza salvador santos domingo victor bella bonita alma vita primo
    franco lang lange ernst till ole per made an long song son hong kong ming tan tang yang yuan yen wok li na yi yu he she
    ren can cem ama obi ma hua van bao tri mere uma sabah said salem dung lei jin jun jaya devi tam ion nino roman lev dov avi
    ade chi ede ike ana as tab kit sam sun her hui gang guang ping pang bang ling ding`,
)

/** Words with a capital that no name holds: of grammar, days and months, languages and countries, roles, salutations. */
export const NOT_NAMES = words(
  `i i'm i'll i've i'd a an the this that these those it its it's he she we you they my your his her our their me him us them
    who whom whose which what when where why how if then else than so as at by for from in into of off on onto or nor out over
    to under up upon with without and but not no yes ok okay please sorry thanks thank welcome hello hi hey dear greetings bye
    goodbye cheers regards best kind warm sincerely yours faithfully truly respectfully cordially wishes love yesterday today
    tomorrow now later soon never always often sometimes again also any all some every each both either neither none one two
    three four five six seven eight nine ten first second third last next another other many much more most few less least
    such same only just still yet even ever here there is are was were be been being am do does did done don't doesn't didn't
    can can't could should would will won't shall may might must have has had having let let's get got go goes went come came
    see saw say says said tell told ask asked make made take took give gave know knew think thought want need try use call
    called send sent put keep read write`,
  `monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october
    november december montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober
    dezember lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre
    octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes
    martes miércoles jueves viernes sábado domingo`,
  `english german french spanish italian portuguese dutch swedish norwegian danish finnish russian polish czech greek turkish
    arabic hebrew persian hindi urdu bengali chinese japanese korean vietnamese thai indian american british irish scottish
    welsh canadian australian mexican brazilian african asian european latin jewish muslim christian catholic buddhist hindu
    indonesian nigerian kenyan egyptian iranian iraqi israeli swiss austrian belgian hungarian romanian ukrainian pakistani
    filipino`,
  `america england britain germany france spain italy portugal europe asia africa australia canada mexico brazil japan korea
    vietnam russia poland turkey greece egypt norway sweden denmark finland switzerland austria belgium netherlands ireland
    scotland wales ukraine iran iraq pakistan indonesia nigeria new york los angeles san francisco washington chicago seattle
    miami paris london berlin hamburg köln münchen madrid barcelona rom roma moscow tokyo beijing shanghai delhi mumbai sydney
    melbourne vienna wien zürich`,
  `mr mrs ms miss dr prof sir madam ma'am lord lady herr frau monsieur madame mademoiselle señor señora señorita signor
    signora president king queen prince princess emperor pope saint st captain general colonel major sergeant judge doctor
    professor minister senator mayor chief director manager editor officer agent customer user client member guest friend
    friends team colleague colleagues everyone everybody all folks guys sirs people ladies gentlemen world support service
    staff admin assistant system bot host guest moderator speaker narrator interviewer interviewee operator caller sender
    recipient applicant candidate student students teacher parents parent neighbour neighbor reader readers mom mum dad mother
    father grandma grandpa god lord santa valued hiring human`,
  `note notes warning error info question answer example total name names date address phone email subject re fwd cc bcc to
    ps pps nb attention summary title author source page chapter section part figure table step item list price order account
    number type status version day week month year time place message comment reply update today's news`,
  `company bank office department university college school hospital church street road avenue lane square park bridge river
    lake mountain mount island bay city town village county state states republic union kingdom station airport hotel museum
    library theatre theater center centre building house hall court garden gardens day night christmas easter god bible koran
    internet web facebook google twitter instagram whatsapp telegram microsoft windows office linux apple amazon mac iphone
    android excel word inc ltd gmbh corp llc`,
  `der die das den dem des ein eine einen einem einer ich du er sie es wir ihr und oder aber nicht kein mein dein sein unser
    euer wenn als wie was wer wo warum auf aus bei mit nach von zu zum zur für über unter vor hinter am im an in ist sind war
    hat haben hallo liebe lieber guten tag morgen abend danke bitte grüße gruß vielen herzlichen sehr geehrte geehrter damen
    herren dame`,
  `le la les un une des du de je tu il elle on nous vous ils elles et ou mais ne pas mon ton son notre votre leur ce cette
    ces qui que quoi où quand comment pourquoi dans sur sous avec sans pour par chez est sont bonjour bonsoir merci salut cher
    chère madame messieurs mesdames tous toutes`,
  `el los las una unos unas yo tú él ella nosotros ustedes y o pero no mi tu su nuestro este esta estos estas que quien donde
    cuando como por para con sin desde hasta en es son hola gracias buenos buenas días tardes noches estimado estimada querido
    querida señores todos lo al del il gli uno lui lei noi voi loro ed ma non ciao grazie buongiorno buonasera caro cara
    gentile signori tutti o os as um uma eu ele ela nós eles e mas não meu seu olá obrigado obrigada bom boa prezado prezada`,
  `happy glad sad afraid sure fine good great bad right wrong ready done tired busy hungry late early back home alone here
    there going looking trying writing calling not very really quite so too true false nothing something anything everything
    nobody somebody anybody`,
)
